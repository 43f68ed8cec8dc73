import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { dimsOf, makeTensor, numbersOf, sizeOf } from '../format/tensor.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { operators } from '../gradients/index.ts';
import { declaration } from '../graph/declaration.ts';
import type { ValueType } from '../graph/value.ts';
import { uniform } from '../layers/initialize.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { loadGraph } from '../read/load.ts';
import { readSource } from '../read/readSource.ts';
import { shapeText } from '../show.ts';
import { findHead, type Head, type Operand } from './findHead.ts';
import { floatTypeOf, Opened, readCount, readSeed } from './opened.ts';
import { prune } from './prune.ts';

/** Options of {@link replaceHead}. */
export interface ReplaceHeadOptions {
  /** The number of classes (or values) of the new head. */
  readonly classes: number;
  /** The output whose head is replaced. Default: the only float output. */
  readonly output?: string;
  /** The seed for the new weights. Default 0. */
  readonly seed?: number;
}

/**
 * Replaces the last layer with weights (Gemm, MatMul with its Add, Conv) by a new layer with the given number of
 * classes. The new weights are initialised like PyTorch's, uniform in ±1/√inputs. The names of the weights and of the
 * output stay, and so do the operators after the layer (Softmax, pooling, Reshape). {@link describeHead} describes the
 * layer that is replaced. A quantised head becomes a float head, and a quantisation of the output is removed.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @returns the content of the new file
 * @throws {ClrError} if it is not clear which layer to replace; the message lists the layers
 *
 * @example
 * ```ts
 * const model = replaceHead(bytes, { classes: 5 });
 * describeModel(model).outputs[0].dims[1]; // 5
 * ```
 */
export function replaceHead(model: Uint8Array, options: ReplaceHeadOptions): Uint8Array {
  checkOptionNames('clr/onnx', 'replaceHead', options, ['classes', 'output', 'seed']);
  const classes = readCount('classes', options?.classes);
  const seed = readSeed(options.seed);
  const opened = new Opened(model);
  const head = inFloats(findHead(opened, options.output));
  checkSoftmax(head, classes);
  const before = opened.type(head.output);
  const type = floatTypeOf(opened.type(head.node.input[0] ?? ''));
  const bound = 1 / Math.sqrt(head.features);
  const places = [
    {
      operand: head.weight,
      dims: head.weight.dims.map((dim, i) => (i === head.axis ? classes : dim)),
      role: 'weight',
    },
    ...(head.bias ? [{ operand: head.bias, dims: biasDims(head.bias, classes), role: 'bias' }] : []),
  ].map((place) => ({ ...place, placeholder: opened.free(`new_${place.role}`) }));
  for (const { operand, placeholder } of places) operand.node.input[operand.input] = placeholder;
  for (const node of head.behind) adapt(opened, node, head.classes, classes);
  const { graph } = opened;
  const behind = new Set([head.node, ...head.behind].flatMap(({ output }) => output));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !behind.has(name));
  prune(graph);
  for (const { operand, dims, role } of places) {
    const taken = opened.names();
    const name = operand.names.find((each) => !taken.has(each)) ?? opened.free(`head.${role}`);
    operand.node.input[operand.input] = name;
    const length = sizeOf(dims);
    opened.store(floatTensor(name, type, dims, uniform(seed, role, length, bound)));
  }
  return declared(opened, head, before, classes);
}

/** The head with a float product in place of a product of 4-bit integers. */
function inFloats(head: Head): Head {
  const { node, weight } = head;
  if (node.opType !== 'MatMulNBits') return head;
  node.opType = 'MatMul';
  node.domain = '';
  node.attribute = [];
  node.input = node.input.slice(0, 2);
  return { ...head, axis: 1, weight: { ...weight, dims: [head.features, head.classes] } };
}

const biasDims = ({ dims }: Operand, classes: number): number[] =>
  dims.length === 0 ? [classes] : dims.map((dim, i) => (i === classAxis(dims) ? classes : dim));

/** The class axis of a bias: the only axis whose size is not 1, or the last axis. */
const classAxis = (dims: readonly number[]): number => {
  const long = dims.findIndex((dim) => dim !== 1);
  return long < 0 ? dims.length - 1 : long;
};

function checkSoftmax({ behind }: Head, classes: number): void {
  const last = behind.find(({ opType }) => /Softmax$/.test(opType));
  if (!last || classes > 1) return;
  throw fail(
    'at least 2 classes before a Softmax, because the Softmax of a single class is always 1',
    `classes = ${classes}`,
    'Use 2 classes, or cut the model before its head and append a head without Softmax.',
  );
}

/** Adapts a node after the head: a Reshape gets the new number of classes, and a quantisation is removed. */
function adapt(opened: Opened, node: NodeProto, before: number, classes: number): void {
  if (node.opType === 'DequantizeLinear') {
    const quantize = opened.maker(node.input[0] ?? '');
    if (quantize?.opType === 'QuantizeLinear') {
      node.opType = 'Identity';
      node.input = [quantize.input[0] ?? ''];
      node.attribute = [];
    }
  }
  const shape = node.opType === 'Reshape' ? opened.stored(node.input[1] ?? '') : undefined;
  if (!shape) return;
  const sizes = numbersOf(shape) ?? [];
  if (sizes.filter((size) => size === before).length !== 1) return;
  const name = opened.free(`${node.input[1]}_head`);
  const changed = sizes.map((size) => (size === before ? classes : size));
  node.input[1] = name;
  opened.store(makeTensor(name, DataType.INT64, dimsOf(shape), changed));
}

/** Declares the output with its new shape, and checks that the classes are on the same axis as before. */
function declared(
  opened: Opened,
  { output, classes: before }: Head,
  { type, dims: known }: ValueType,
  classes: number,
): Uint8Array {
  const { graph } = opened;
  const old = known?.map(String);
  const at = graph.output.findIndex(({ name }) => name === output);
  graph.output[at] = declaration(output, type, undefined);
  const { b } = loadGraph(readSource(opened.close()), operators);
  const dims = b.dims(output);
  const moved = dims?.filter((dim, i) => String(dim) !== old?.[i]) ?? [];
  const fits = before === classes ? true : moved.every((dim) => dim === classes || typeof dim === 'string');
  if (dims && old && (dims.length !== old.length || !fits || !dims.includes(classes))) {
    throw fail(
      `a model whose output "${output}" follows the number of classes of its last layer`,
      `shape ${shapeText(known ?? [])} before, ${shapeText(dims)} with ${classes} classes`,
      'Cut the model before its head with cutAt, and add a new head with appendDense.',
    );
  }
  graph.output[at] = declaration(output, type, dims);
  return opened.close();
}
