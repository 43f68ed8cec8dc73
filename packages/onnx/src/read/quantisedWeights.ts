import { int } from '../format/attributes.ts';
import { captures } from '../format/captures.ts';
import { DataType } from '../format/dataType.ts';
import {
  integerBytes,
  integerRange,
  integersOf,
  integersToBytes,
  isQuantisedType,
} from '../format/integers.ts';
import type { Model } from '../format/model.ts';
import { dequantise, type Quantised, quantise } from '../format/quantised.ts';
import { dimsOf, floatData, sizeOf } from '../format/tensor.ts';
import type { NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { operatorKey } from '../graph/graph.ts';
import { axisOf } from '../graph/infer.ts';
import { packedBits } from './packedBits.ts';
import { constantOf } from './upgrade.ts';

/** A node's input that reads a stored tensor. */
interface Use {
  readonly node: NodeProto;
  readonly input: number;
}

/** How a weight is encoded in integers: its scales, its zero points, and the axis along which they vary. */
export interface Coding {
  readonly scale: readonly Float32Array[];
  readonly zero: TensorProto | undefined;
  readonly axis: number;
  /** The number of neighbouring elements along the axis that share a scale, if each block has its own scale; else 0. */
  readonly block: number;
}

/** An index of a file: its stored tensors, and the nodes that read and make each value. */
class File {
  readonly stored = new Map<string, TensorProto>();
  readonly readers = new Map<string, Use[]>();
  readonly makers = new Map<string, NodeProto>();
  /** Values that are inputs or outputs of the graph, or that inner graphs read. */
  readonly elsewhere: ReadonlySet<string>;

  constructor({ graph }: Model) {
    for (const tensor of graph.initializer) this.stored.set(tensor.name, tensor);
    for (const node of graph.node) {
      node.input.forEach((name, input) => {
        const known = this.readers.get(name);
        if (known) known.push({ node, input });
        else this.readers.set(name, [{ node, input }]);
      });
      for (const name of node.output) this.makers.set(name, node);
      const constant = node.opType === 'Constant' ? constantOf(node) : undefined;
      if (constant) this.stored.set(node.output[0] ?? '', constant);
    }
    this.elsewhere = new Set([
      ...[...graph.input, ...graph.output].map(({ name }) => name),
      ...graph.node.flatMap((node) => [...captures(node)]),
    ]);
  }

  floats(name: string | undefined): Float32Array | undefined {
    const tensor = this.stored.get(name ?? '');
    return tensor?.dataType === DataType.FLOAT ? floatData(tensor) : undefined;
  }
}

/** The single constant scale of an integer product, found in the Muls after its Cast. */
export function scaleBehind(
  product: NodeProto,
  readers: ReadonlyMap<string, readonly Use[]>,
  makers: ReadonlyMap<string, NodeProto>,
  isConstant: (name: string) => boolean,
): string | undefined {
  let name = product.output[0] ?? '';
  for (let steps = 0; steps < 4; steps++) {
    const [use, ...more] = readers.get(name) ?? [];
    if (!use || more.length > 0) return undefined;
    if (use.node.opType === 'Mul') {
      const other = use.node.input[1 - use.input] ?? '';
      const maker = makers.get(other);
      const factors = isConstant(other) ? [other] : maker?.opType === 'Mul' ? maker.input : [];
      const constants = factors.filter(isConstant);
      if (constants.length === 1) return constants[0];
    } else if (use.node.opType !== 'Cast') return undefined;
    name = use.node.output[0] ?? '';
  }
  return undefined;
}

/**
 * The encoding with which a node reads the integers at one of its inputs, or `undefined` if it does not read them as a
 * weight.
 */
function codingAt(file: File, { node, input }: Use, rank: number): Coding | undefined {
  const coding = (
    axis: number,
    zero: number,
    ...scales: readonly (string | undefined)[]
  ): Coding | undefined => {
    const scale = scales.map((name) => file.floats(name));
    const named = node.input[zero] ?? '';
    const stored = file.stored.get(named);
    if (scale.includes(undefined) || (named !== '' && !stored)) return undefined;
    return { scale: scale as Float32Array[], zero: stored, axis, block: int(node, 'block_size', 0) };
  };
  switch (`${operatorKey(node).replace('com.microsoft:', '')} ${input}`) {
    case 'DequantizeLinear 0':
      return coding(axisOf(int(node, 'axis', 1), rank), 2, node.input[1]);
    case 'MatMulInteger 1':
    case 'ConvInteger 1': {
      const scale = scaleBehind(node, file.readers, file.makers, (name) => file.stored.has(name));
      const only = file.readers.get(node.output[0] ?? '')?.every((use) => use.node.opType === 'Cast');
      return only && !file.elsewhere.has(node.output[0] ?? '')
        ? coding(node.opType === 'ConvInteger' ? 0 : rank - 1, 3, scale)
        : undefined;
    }
    case 'MatMulIntegerToFloat 1':
      return coding(rank - 1, 5, node.input[3]);
    case 'DynamicQuantizeMatMul 1':
      return coding(rank - 1, 3, node.input[2]);
    case 'QLinearMatMul 3':
      return coding(rank - 1, 5, node.input[4]);
    case 'QLinearConv 3':
      return coding(0, 5, node.input[4]);
    case 'QLinearConv 8':
      return coding(0, -1, node.input[1], node.input[4]);
    default:
      return undefined;
  }
}

/** Returns a function that gives the group of an element. A group is the elements that share a scale. */
function grouping(
  dims: readonly number[],
  { axis, block }: Pick<Coding, 'axis' | 'block'>,
  groups: number,
): ((element: number) => number) | undefined {
  if (groups === 1) return () => 0;
  const length = dims[axis];
  if (length === undefined) return undefined;
  const inner = sizeOf(dims.slice(axis + 1));
  if (block > 0) {
    const blocks = Math.ceil(length / block);
    if (groups !== sizeOf(dims.slice(0, axis)) * blocks * inner) return undefined;
    return (i) => {
      const along = Math.floor(i / inner);
      const outer = Math.floor(along / length);
      return (outer * blocks + Math.floor((along % length) / block)) * inner + (i % inner);
    };
  }
  return groups === length ? (i) => Math.floor(i / inner) % length : undefined;
}

/** The scale of each group. For a bias, it is the product of two scales. */
function scalesOf({ scale }: Coding): Float32Array | undefined {
  const length = Math.max(...scale.map((part) => part.length));
  if (scale.some((part) => part.length !== 1 && part.length !== length)) return undefined;
  return Float32Array.from({ length }, (_, i) =>
    scale.reduce((product, part) => product * (part[part.length === 1 ? 0 : i] as number), 1),
  );
}

function plainInteger(tensor: TensorProto, coding: Coding): Quantised | undefined {
  const dims = dimsOf(tensor);
  const scale = scalesOf(coding);
  const group = scale && grouping(dims, coding, scale.length);
  if (!scale || !group) return undefined;
  const given = coding.zero && isQuantisedType(coding.zero.dataType) ? integersOf(coding.zero) : [0];
  const zeros = coding.zero ? sizeOf(dimsOf(coding.zero)) : 1;
  if (zeros !== 1 && zeros !== scale.length) return undefined;
  const zero = Float32Array.from(scale, (_, i) => given[zeros === 1 ? 0 : i] as number);
  const type = tensor.dataType;
  const known = { scale, zero, group, range: integerRange(type) };
  return {
    ...known,
    name: tensor.name,
    dims,
    type,
    axis: scale.length > 1 && coding.block === 0 ? coding.axis : undefined,
    bytes: integerBytes(type, sizeOf(dims)),
    decode: () => dequantise(known, integersOf(tensor), sizeOf(dims)),
    encode: (values) => integersToBytes(type, quantise(known, values)),
  };
}

const same = (a: Coding, b: Coding): boolean =>
  a.axis === b.axis &&
  a.block === b.block &&
  a.zero === b.zero &&
  a.scale.length === b.scale.length &&
  a.scale.every((part, i) => {
    const other = b.scale[i] as Float32Array;
    return part.length === other.length && part.every((value, j) => value === other[j]);
  });

/**
 * Finds the stored integers that represent weights. All nodes that read them must use the same encoding, with scales
 * stored in the file. Scalars do not count as weights, and neither do integers that are stored outside of `rawData`.
 */
export function findQuantised(model: Model): Map<string, Quantised> {
  const found = new Map<string, Quantised>();
  if (!model.graph.initializer.some(({ dataType }) => isQuantisedType(dataType))) return found;
  const file = new File(model);
  for (const tensor of model.graph.initializer) {
    const uses = file.readers.get(tensor.name) ?? [];
    if (!isQuantisedType(tensor.dataType) || tensor.rawData.length === 0) continue;
    if (uses.length === 0 || tensor.dims.length === 0 || file.elsewhere.has(tensor.name)) continue;
    const packed =
      uses.length === 1 ? packedBits(uses[0] as Use, tensor, (name) => file.stored.get(name)) : undefined;
    const codings = uses.map((use) => codingAt(file, use, tensor.dims.length));
    const [first] = codings;
    const one = first && codings.every((coding) => coding && same(coding, first));
    const record = packed ?? (one ? plainInteger(tensor, first) : undefined);
    if (record?.scale.every((value) => Number.isFinite(value) && value !== 0)) found.set(tensor.name, record);
  }
  return found;
}
