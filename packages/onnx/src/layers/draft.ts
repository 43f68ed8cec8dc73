import { fail } from '../errors.ts';
import type { AttributeValue } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { makeTensor, sizeOf } from '../format/tensor.ts';
import type { NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { show } from '../show.ts';
import { type Initialization, initialBiases, initialWeights, uniform } from './initialize.ts';
import { makeNode } from './makeNode.ts';
import { scalarNode } from './scalarNode.ts';

/** A size: a number, or the name of a dynamic axis. */
export type Size = number | string;

/** A value of the model under construction, and its shape without the batch axis. */
export interface Value {
  readonly name: string;
  readonly dims: readonly Size[];
}

/** The names of a layer under construction. */
export interface Scope {
  /** The name of its output, and the prefix of the names of its weights. */
  readonly name: string;
  /** The layer's name in error messages: `layer 3 (conv2d)`. */
  readonly label: string;
}

/** A model that grows layer by layer. */
export class Draft {
  readonly nodes: NodeProto[] = [];
  readonly tensors: TensorProto[] = [];
  readonly #seed: number;
  readonly #how: Initialization;
  readonly #counts = new Map<string, number>();

  constructor(seed: number, how: Initialization) {
    this.#seed = seed;
    this.#how = how;
  }

  /** A name for the next layer of a type: `dense1`, `dense2`, … */
  next(type: string): string {
    const count = (this.#counts.get(type) ?? 0) + 1;
    this.#counts.set(type, count);
    return `${type}${count}`;
  }

  /** Appends a node and returns the name of its first output. */
  emit(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
    further: readonly string[] = [],
  ): string {
    this.nodes.push(makeNode(op, inputs, [name, ...further], attributes, name));
    return name;
  }

  /** Stores a float tensor. */
  store(name: string, dims: readonly number[], values: Float32Array): string {
    this.tensors.push(makeTensor(name, DataType.FLOAT, dims, values));
    return name;
  }

  filled(name: string, length: number, value: number): string {
    return this.store(name, [length], new Float32Array(length).fill(value));
  }

  /** Adds a Constant node for a constant in a formula. Such constants are not trained. */
  constant(name: string, value: number): string {
    this.nodes.push(scalarNode(name, DataType.FLOAT, value));
    return name;
  }

  /** Stores a boolean setting of an operator. */
  flag(name: string, on: boolean): string {
    this.tensors.push(makeTensor(name, DataType.BOOL, [], [on ? 1 : 0]));
    return name;
  }

  /** Stores positions, axes or sizes. */
  ints(name: string, values: readonly number[]): string {
    this.tensors.push(makeTensor(name, DataType.INT64, [values.length], values));
    return name;
  }

  /** Stores the initial weights of a matrix product or convolution with the given fan-in and fan-out. */
  weights(name: string, dims: readonly number[], fanIn: number, fanOut: number): string {
    const fan = { seed: this.#seed, name, fanIn, fanOut };
    return this.store(name, dims, initialWeights(this.#how, { ...fan, length: sizeOf(dims) }));
  }

  biases(name: string, length: number, fanIn: number): string {
    const fan = { seed: this.#seed, name, fanIn, fanOut: length };
    return this.store(name, [length], initialBiases(this.#how, fan, length));
  }

  /** Stores random numbers, uniform in ±bound, regardless of the model's initialisation. */
  uniform(name: string, dims: readonly number[], bound: number): string {
    return this.store(name, dims, uniform(this.#seed, name, sizeOf(dims), bound));
  }

  get seed(): number {
    return this.#seed;
  }
}

/** Returns a size that must be a number. */
export function known(size: Size | undefined, { label }: Scope, what: string): number {
  if (typeof size === 'number') return size;
  throw fail(
    `a known number of ${what} before ${label}`,
    show(size),
    'Give this size of the input as a number.',
  );
}

/** Refuses an input whose number of axes is not one of `ranks`. `form` is the expected shape, as text for the error. */
export function needRank({ dims }: Value, ranks: readonly number[], { label }: Scope, form: string): void {
  if (ranks.includes(dims.length)) return;
  throw fail(
    `${form} before ${label}`,
    `shape [${dims.join(', ')}]`,
    dims.length > 1 ? 'Put { type: "flatten" } or a pooling before it.' : 'Check the layers before it.',
  );
}
