import { clone, create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import type { Model } from '../format/model.ts';
import {
  type GraphProto,
  GraphProtoSchema,
  NodeProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.ts';
import type { Operator } from '../graph/operator.ts';
import { show } from '../show.ts';
import { type Change, fixedSizes, type Resize } from './fixedSizes.ts';
import { loadGraph } from './load.ts';

/** Sizes by the name of a free (dynamic) axis, or shapes by the name of an input. `null` leaves an axis unchanged. */
export type Sizes = Readonly<Record<string, number | readonly (number | null)[]>>;

/** A model with new input sizes, and a function that adapts its nodes to them. */
export interface SizedModel extends Model {
  readonly resize?: Resize;
}

const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && (size as number) > 0;

function dimsOf({ type }: ValueInfoProto): TensorShapeProto_Dimension[] | undefined {
  return type?.value.case === 'tensorType' ? type.value.value.shape?.dim : undefined;
}

const put = (dim: TensorShapeProto_Dimension, size: number): void => {
  dim.value = { case: 'dimValue', value: BigInt(size) };
};

function wrong(graph: GraphProto, names: ReadonlySet<string>, received: string): Error {
  const inputs = graph.input.map(({ name }) => name).join(', ');
  return fail(
    `sizes above 0 for dynamic axes of the model (${[...names].join(', ') || 'it has none'}) or complete shapes for its inputs (${inputs})`,
    received,
    'Name an axis as the model does (dim_param), or an input: { image: [16, 3, 224, 224] }.',
  );
}

/** Reads the sizes of named axes, and the axes whose fixed size changes. Refuses contradictions. */
function readSizes(
  graph: GraphProto,
  sizes: Sizes,
): { named: Map<string, number>; changes: Map<TensorShapeProto_Dimension, Change> } {
  const free = new Set(
    graph.input
      .flatMap((info) => dimsOf(info) ?? [])
      .flatMap(({ value }) => (value.case === 'dimParam' && value.value !== '' ? [value.value] : [])),
  );
  const named = new Map<string, number>();
  const changes = new Map<TensorShapeProto_Dimension, Change>();
  const name = (axis: string, size: number, from: string): void => {
    const known = named.get(axis);
    if (known !== undefined && known !== size) {
      throw wrong(graph, free, `${from}: axis "${axis}" = ${size}, and ${known} elsewhere`);
    }
    named.set(axis, size);
  };
  for (const [key, given] of Object.entries(sizes)) {
    if (typeof given === 'number') {
      if (!free.has(key) || !isSize(given)) throw wrong(graph, free, `${key} = ${given}`);
      name(key, given, key);
      continue;
    }
    const info = graph.input.find((input) => input.name === key);
    if (!info || !Array.isArray(given) || !given.every((size) => size === null || isSize(size))) {
      throw wrong(graph, free, `${key} = ${Array.isArray(given) ? `[${given.join(', ')}]` : show(given)}`);
    }
    if (info.type?.value.case === 'tensorType' && !info.type.value.value.shape) {
      const dim = given.map(() => create(TensorShapeProto_DimensionSchema));
      info.type.value.value.shape = create(TensorShapeProtoSchema, { dim });
    }
    const dims = dimsOf(info) ?? [];
    if (dims.length !== given.length) {
      throw wrong(graph, free, `${key} = [${given.join(', ')}] for an input of ${dims.length} axes`);
    }
    dims.forEach((dim, i) => {
      const size = given[i] as number | null;
      if (size === null) return;
      const { value } = dim;
      if (value.case === 'dimParam' && value.value !== '') name(value.value, size, key);
      else if (value.case !== 'dimValue') put(dim, size);
      else if (Number(value.value) !== size) changes.set(dim, { old: Number(value.value), size });
    });
  }
  return { named, changes };
}

/** The symbol that represents a changed size in the first pass over the graph. */
const symbolOf = ({ old, size }: Change): string => `clr ${old} to ${size}`;

/** Replaces dynamic axes by sizes. */
function nameSizes(graph: GraphProto, named: ReadonlyMap<string, number>): void {
  for (const info of graph.input) {
    for (const dim of dimsOf(info) ?? []) {
      const size = dim.value.case === 'dimParam' ? named.get(dim.value.value) : undefined;
      if (size !== undefined) put(dim, size);
    }
  }
}

/**
 * Changes sizes of the model's inputs. If a size is fixed in the file, constants may contain it too, such as the batch
 * size in a Reshape. To find these constants, this function reads the graph once with a symbol in place of the size.
 *
 * @returns a function that changes the nodes that read these constants
 * @throws {ClrError} for unknown names, contradictions, and nodes whose constants cannot be changed to the new size
 */
export function applySizes(model: Model, sizes: Sizes, operators: ReadonlyMap<string, Operator>): Resize {
  const { graph } = model;
  const { named, changes } = readSizes(graph, sizes);
  nameSizes(graph, named);
  if (changes.size === 0) return () => {};
  // The shapes that the file declares for other values hold for the old sizes only.
  graph.valueInfo = [];
  for (const { type } of graph.output) {
    if (type?.value.case === 'tensorType') delete type.value.value.shape;
  }
  for (const [dim, change] of changes) dim.value = { case: 'dimParam', value: symbolOf(change) };
  const draft: Model = {
    ...model,
    graph: create(GraphProtoSchema, {
      ...graph,
      node: graph.node.map((node) => clone(NodeProtoSchema, node)),
      input: graph.input.map((info) => clone(ValueInfoProtoSchema, info)),
    }),
  };
  const symbols = new Map([...changes.values()].map((change) => [`{${symbolOf(change)}}`, change]));
  const found = fixedSizes(symbols);
  loadGraph(draft, operators, (node, b) => {
    b.operator(node)?.settle?.(node, b);
    found.visit(node, b);
  });
  for (const [dim, { size }] of changes) put(dim, size);
  return found.resize;
}
