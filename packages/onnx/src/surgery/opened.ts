import { fail } from '../errors.ts';
import { tensor } from '../format/attributes.ts';
import { captures } from '../format/captures.ts';
import { DataType, isFloat, typeName } from '../format/dataType.ts';
import { isHalf, widen } from '../format/half.ts';
import { type Model, readModel, writeModel } from '../format/model.ts';
import { concatenated, dimsOf } from '../format/tensor.ts';
import type { GraphProto, NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { operators } from '../gradients/index.ts';
import { declaration } from '../graph/declaration.ts';
import type { ValueType } from '../graph/value.ts';
import { hoistTensors } from '../read/hoist.ts';
import { loadGraph } from '../read/load.ts';
import { firstSettledOpset } from '../read/oldestForms.ts';
import { sortNodes } from '../read/sortNodes.ts';
import { show } from '../show.ts';

/** A reader of a value: a node and the index of its input. */
export interface Reader {
  readonly node: NodeProto;
  readonly input: number;
}

/** A model opened for surgery. It finds the contents of its main graph by name. */
export class Opened {
  readonly bytes: Uint8Array;
  readonly model: Model;
  readonly graph: GraphProto;
  #types: ((name: string) => ValueType) | undefined;

  /** @throws {ClrError} if the bytes are not an ONNX model, or if the opset is too old */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.model = readModel(bytes);
    this.graph = this.model.graph;
    const { opset } = this.model;
    if (opset === 0 || opset >= firstSettledOpset) return;
    throw fail(
      `a model of opset ${firstSettledOpset} or newer, because nodes are added to it`,
      `opset ${opset}`,
      'Export it again with opset 11 or newer.',
    );
  }

  /** The type and shape of a value of the original model. */
  type(name: string): ValueType {
    if (!this.#types) {
      // Only shapes are needed, so float16 is not widened.
      const source = hoistTensors(readModel(this.bytes));
      source.graph.node = sortNodes(source.graph.node);
      const { b } = loadGraph(source, operators);
      this.#types = (value) => b.type(value);
    }
    return this.#types(name);
  }

  /** The node that makes a value. */
  maker(name: string): NodeProto | undefined {
    return name === '' ? undefined : this.graph.node.find(({ output }) => output.includes(name));
  }

  /** The nodes that read a value. If an inner graph of a node reads it, the node is listed with input −1. */
  readers(name: string): Reader[] {
    return this.graph.node.flatMap((node) => [
      ...node.input.flatMap((value, input) => (value === name ? [{ node, input }] : [])),
      ...(captures(node).has(name) ? [{ node, input: -1 }] : []),
    ]);
  }

  isOutput(name: string): boolean {
    return this.graph.output.some((output) => output.name === name);
  }

  /** A stored tensor: an initializer, or the content of a Constant node. */
  stored(name: string): TensorProto | undefined {
    const held = this.graph.initializer.find((each) => each.name === name);
    if (held) return held;
    const node = this.maker(name);
    return node?.opType === 'Constant' ? tensor(node, 'value') : undefined;
  }

  /** All names of the main graph. */
  names(): Set<string> {
    const { node, initializer, sparseInitializer, input } = this.graph;
    return new Set([
      ...[...initializer, ...input].map(({ name }) => name),
      ...sparseInitializer.map(({ values }) => values?.name ?? ''),
      ...node.flatMap(({ name, output }) => [name, ...output]),
    ]);
  }

  /** A name that is unused in the main graph. */
  free(name: string): string {
    const taken = this.names();
    let found = name;
    for (let i = 2; taken.has(found); i++) found = `${name}_${i}`;
    return found;
  }

  /** Stores a tensor. Files older than IR 4 also list every stored tensor among the inputs. */
  store(tensor: TensorProto): void {
    this.graph.initializer.push(tensor);
    if (this.model.proto.irVersion < 4n) {
      this.graph.input.push(declaration(tensor.name, tensor.dataType, dimsOf(tensor)));
    }
  }

  /** Removes a stored tensor, also from the inputs. */
  forget(name: string): void {
    const other = (each: { readonly name: string }): boolean => each.name !== name;
    this.graph.initializer = this.graph.initializer.filter(other);
    this.graph.input = this.graph.input.filter(other);
    this.graph.node = this.graph.node.filter(
      ({ opType, output }) => opType !== 'Constant' || output[0] !== name,
    );
  }

  /** The bytes of the model in its current state. */
  close(): Uint8Array {
    return writeModel(this.model.proto);
  }
}

/** The elements of a stored float tensor, as float64. */
export function floatValues(opened: Opened, name: string): Float64Array {
  const stored = opened.stored(name);
  if (!stored || !isFloat(stored.dataType)) {
    throw fail(
      `a float tensor "${name}" in the file`,
      stored ? typeName(stored.dataType) : 'no such tensor',
      stored ? 'Choose float tensors.' : 'Embed external data, or check the name.',
    );
  }
  if (!isHalf(stored.dataType))
    return Float64Array.from(concatenated([stored], stored.dataType === DataType.DOUBLE));
  const { rawData, int32Data } = stored;
  const bits = rawData.length > 0 ? new Uint16Array(new Uint8Array(rawData).buffer) : int32Data;
  return Float64Array.from(widen(bits, stored.dataType));
}

/** The type for new weights next to a value: the value's own if it is a float type, else float32. */
export function floatTypeOf({ type }: ValueType): number {
  return type === DataType.DOUBLE || isHalf(type) ? type : DataType.FLOAT;
}

/** Checks a whole number of at least `least`. */
export function readCount(name: string, value: unknown, least = 1): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw fail(
    `${name} to be a whole number of at least ${least}`,
    `${name} = ${show(value)}`,
    `Pass { ${name}: ${Math.max(least, 10)} }, for example.`,
  );
}

/** Checks a seed: any whole number. Default 0. */
export function readSeed(value: unknown): number {
  if (value === undefined) return 0;
  if (Number.isSafeInteger(value)) return value as number;
  throw fail('seed to be a whole number', `seed = ${show(value)}`, 'Leave it out for 0.');
}
