import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { type AttributeValue, attribute, makeAttribute } from '../format/attributes.ts';
import { describeNode } from '../format/describeNode.ts';
import { setPurpose } from '../format/purpose.ts';
import { dimsOf, makeTensor, numbersOf, sizeOf } from '../format/tensor.ts';
import {
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts';
import { type Dim, type Dims, highestRank, unknownDim, unknownDims } from './dim.ts';
import type { Operator } from './operator.ts';
import { declaredType, isStatic, merge, unknown, type ValueType } from './value.ts';
import { withNodeContext } from './withNodeContext.ts';

/** The attributes of an emitted node. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** The content of a numeric constant. */
export interface Constant {
  readonly type: number;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/**
 * Elements are tracked only for tensors up to this size. Shapes, axes and scales are short; longer tensors are data.
 */
const longestKnownValue = 64;
const largestReadConstant = 1 << 20;

/**
 * A graph that grows node by node. It infers the types and shapes of a node's outputs when the node is appended, so it
 * knows the type of every value and, if possible, the shape.
 */
export class Graph {
  /** The version of the default operator set that emitted nodes follow. */
  readonly opset: number;
  readonly nodes: NodeProto[] = [];
  /** The known operators, by {@link operatorKey}. */
  readonly operators: ReadonlyMap<string, Operator>;
  /** Initializers of the model that stay constant, and constants that the graph added. */
  readonly initializers: Map<string, TensorProto> = new Map();
  readonly #types = new Map<string, ValueType>();
  readonly #declared = new Map<string, ValueType>();
  readonly #constants = new Map<string, TensorProto>();
  readonly #made = new Map<string, string>();
  readonly #prefix: string;
  /** The purpose recorded in nodes that are emitted now. */
  #purpose: string | undefined;
  #count = 0;
  #depth = 0;

  constructor(graph: GraphProto, opset: number, operators: ReadonlyMap<string, Operator>) {
    this.opset = opset;
    this.operators = operators;
    this.#prefix = freePrefix(graph);
    for (const info of [...graph.valueInfo, ...graph.output])
      this.#declared.set(info.name, declaredType(info));
    for (const info of graph.input) this.addInput(info);
    for (const tensor of graph.initializer) this.addInitializer(tensor);
  }

  addInput(info: ValueInfoProto): void {
    this.#types.set(info.name, declaredType(info));
  }

  addInitializer(tensor: TensorProto): void {
    this.initializers.set(tensor.name, tensor);
    this.#setConstant(tensor.name, tensor);
  }

  /** Marks a value as no longer constant, because it is a parameter and becomes an input. */
  release(name: string): void {
    this.initializers.delete(name);
    this.#constants.delete(name);
    const { type, dims } = this.type(name);
    this.#types.set(name, { type, dims });
  }

  /** Declares a value that comes from outside the graph. */
  declare(name: string, type: number, dims: Dims): string {
    this.#types.set(name, { type, dims });
    return name;
  }

  has(name: string): boolean {
    return this.#types.has(name);
  }

  /** The known type and shape of a value. */
  type(name: string): ValueType {
    return this.#types.get(name) ?? unknown;
  }

  dims(name: string): Dims {
    return this.type(name).dims;
  }

  /** The shape of a value. Throws if its rank is unknown, because gradients need the rank. */
  shape(name: string): readonly Dim[] {
    const dims = this.dims(name);
    if (!dims) {
      const maker = this.producer(name);
      throw fail(
        `the rank of value "${name}" to be known`,
        `no shape information${maker ? `; the value comes from ${describeNode(maker)}` : ''}`,
        'Set the complete shapes of the inputs with `sizes`, or declare the shape of this value (value_info; ONNX shape inference writes it).',
      );
    }
    return dims;
  }

  /** Records the rank that an operator requires of its input, unless the rank is already known. */
  assumeRank(name: string, rank: number | undefined): void {
    if (rank === undefined || !this.has(name) || this.dims(name)) return;
    this.#types.set(name, { ...this.type(name), dims: unknownDims(rank) });
  }

  rank(name: string): number {
    return this.shape(name).length;
  }

  /** The content of an initializer or Constant node. It is undefined if it is large or not numeric. */
  constant(name: string | undefined): Constant | undefined {
    const tensor = name === undefined ? undefined : this.#constants.get(name);
    if (!tensor) return undefined;
    const dims = dimsOf(tensor);
    if (sizeOf(dims) > largestReadConstant) return undefined;
    const values = numbersOf(tensor);
    return values && { type: tensor.dataType, dims, values };
  }

  /** The known elements of a small value, each a number or an expression. */
  value(name: string | undefined): readonly Dim[] | undefined {
    return name === undefined ? undefined : this.type(name).value;
  }

  /** The known elements of a small value, if all are numbers. */
  numbers(name: string | undefined): readonly number[] | undefined {
    const value = this.value(name);
    return value?.every((dim) => typeof dim === 'number') ? (value as readonly number[]) : undefined;
  }

  operator(node: NodeProto): Operator | undefined {
    return this.operators.get(operatorKey(node));
  }

  /** The node that produces a value, if there is one. */
  producer(name: string): NodeProto | undefined {
    return this.nodes.find(({ output }) => output.includes(name));
  }

  /** Appends a node and infers its outputs. */
  append(node: NodeProto): void {
    this.nodes.push(node);
    const constant = node.opType === 'Constant' ? attribute(node, 'value')?.t : undefined;
    const inferred = withNodeContext(node, () => checkShapes(this.operator(node)?.infer?.(node, this) ?? []));
    node.output.forEach((name, i) => {
      if (name === '') return;
      this.#types.set(name, onlyShort(merge(inferred[i] ?? unknown, this.#declared.get(name))));
      if (constant) this.#setConstant(name, constant);
    });
  }

  /** Emits a node and returns the names of its outputs. An operator of another domain is written `domain:type`. */
  emitAll(op: string, inputs: readonly string[], attributes: Attributes, outputs: number): string[] {
    const names = Array.from({ length: outputs }, () => this.uniqueName(op));
    this.#emit(op, inputs, attributes, names);
    return names;
  }

  /** Emits a node with given names for its outputs. */
  emitAs(op: string, inputs: readonly string[], attributes: Attributes, ...outputs: string[]): void {
    this.#emit(op, inputs, attributes, outputs);
  }

  #emit(op: string, inputs: readonly string[], attributes: Attributes, names: string[]): void {
    const list = Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [makeAttribute(name, value)],
    );
    this.#add(op, inputs, list, names);
  }

  #add(op: string, inputs: readonly string[], attributes: NodeProto['attribute'], names: string[]): void {
    const [opType, domain = ''] = op.split(':').reverse() as [string, string?];
    const node = create(NodeProtoSchema, {
      opType,
      domain,
      name: names[0] as string,
      input: trimmed(inputs),
      output: names,
      attribute: attributes,
    });
    if (this.#purpose !== undefined) setPurpose(node, this.#purpose);
    this.append(node);
  }

  /** Emits a copy of a node with other inputs. */
  emitLike({ opType, domain, attribute }: NodeProto, inputs: readonly string[]): string {
    return this.emitFrom(domain === '' ? opType : `${domain}:${opType}`, inputs, attribute);
  }

  /** Emits a node with one output and the attributes of another node. */
  emitFrom(op: string, inputs: readonly string[], attributes: NodeProto['attribute']): string {
    const name = this.uniqueName(op);
    this.#add(op, inputs, [...attributes], [name]);
    return name;
  }

  /** Emits a node with one output. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.emitAll(op, inputs, attributes, 1)[0] as string;
  }

  /**
   * Records a purpose in all nodes that `work` emits. If the runtime refuses one of these nodes, the error names the
   * purpose. If purposes are nested, the outermost one is recorded, because it names the user's node.
   */
  writtenFor<T>(purpose: string, work: () => T): T {
    const [mark, outer] = [this.nodes.length, this.#purpose];
    this.#purpose ??= purpose;
    try {
      return work();
    } finally {
      this.#purpose = outer;
      for (const node of this.nodes.slice(mark)) setPurpose(node, outer ?? purpose);
    }
  }

  /** Removes and returns the nodes that `make` emits, so that they can be put elsewhere. */
  collect(make: () => void): NodeProto[] {
    const mark = this.nodes.length;
    make();
    return this.nodes.splice(mark);
  }

  /** Whether nodes are currently emitted for a graph inside a node (a branch or a loop body). */
  get inside(): boolean {
    return this.#depth > 0;
  }

  /**
   * Returns the nodes that `make` emits for a graph inside a node. Their values are visible only in this graph, so
   * values memoised there are forgotten afterwards.
   */
  collectInside(make: () => void): NodeProto[] {
    const known = new Map(this.#made);
    this.#depth += 1;
    try {
      return this.collect(make);
    } finally {
      this.#depth -= 1;
      this.#made.clear();
      for (const [key, name] of known) this.#made.set(key, name);
    }
  }

  /** Returns the value that `make` emits. For each key, it is emitted only once. */
  memo(key: string, make: () => string): string {
    const known = this.#made.get(key) ?? make();
    this.#made.set(key, known);
    return known;
  }

  /** A name that no value of the model has. */
  uniqueName(hint: string): string {
    this.#count += 1;
    return `${this.#prefix}${hint.slice(hint.indexOf(':') + 1)}_${this.#count}`;
  }

  /** Whether a name was made by {@link uniqueName}. */
  made(name: string): boolean {
    return name.startsWith(this.#prefix);
  }

  /** A constant tensor. Equal constants are stored once. */
  literal(type: number, dims: readonly number[], values: readonly number[]): string {
    const key = `${type}:${dims.join()}:${values.map((v) => (Object.is(v, -0) ? '-0' : v)).join()}`;
    return this.memo(key, () => {
      const name = this.uniqueName('constant');
      this.addInitializer(makeTensor(name, type, dims, values));
      return name;
    });
  }

  #setConstant(name: string, tensor: TensorProto): void {
    const dims = dimsOf(tensor);
    this.#constants.set(name, tensor);
    const value = sizeOf(dims) <= longestKnownValue ? numbersOf(tensor) : undefined;
    this.#types.set(name, { type: tensor.dataType, dims, value });
  }
}

/**
 * Validates inferred shapes, because attributes of a damaged file can give impossible sizes. An axis that the operator
 * did not infer becomes unknown.
 */
function checkShapes(types: readonly ValueType[]): readonly ValueType[] {
  const deep = types.find(({ dims }) => dims && dims.length > highestRank);
  if (deep) throw new Error(`${deep.dims?.length} axes`);
  const bad = types
    .flatMap(({ dims }) => dims ?? [])
    .find((dim) => typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0));
  if (bad !== undefined) throw new Error(`a size of ${bad}`);
  return types.map((type) => ({ ...type, dims: type.dims?.map((dim) => dim ?? unknownDim()) }));
}

/** Drops element values unless the shape is fully known and the tensor is small. */
function onlyShort(value: ValueType): ValueType {
  if (!value.value) return value;
  const { type, dims } = value;
  const whole = isStatic(dims) && sizeOf(dims) === value.value.length;
  return whole && value.value.length <= longestKnownValue ? value : { type, dims };
}

/** The key of a node's operator in the registry. */
export function operatorKey(node: NodeProto): string {
  const domain = node.domain === 'ai.onnx' ? '' : node.domain;
  return domain === '' ? node.opType : `${domain}:${node.opType}`;
}

/** Removes omitted optional inputs from the end of the list. */
function trimmed(inputs: readonly string[]): string[] {
  let length = inputs.length;
  while (length > 0 && inputs[length - 1] === '') length -= 1;
  return inputs.slice(0, length);
}

/** A prefix that no name of the graph starts with. */
function freePrefix(graph: GraphProto): string {
  const names = [...graph.input, ...graph.initializer, ...graph.node]
    .flatMap((item) => ('output' in item ? [...item.output, ...item.input, item.name] : [item.name]))
    .filter((name) => name.startsWith('clr'));
  let prefix = 'clr/';
  while (names.some((name) => name.startsWith(prefix))) prefix = `clr${prefix}`;
  return prefix;
}
