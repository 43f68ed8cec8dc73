import { create } from '@bufbuild/protobuf';
import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { float, int } from '../format/attributes.ts';
import { DataType, isFloat, typeName } from '../format/dataType.ts';
import { integersToBytes, isQuantisedType } from '../format/integers.ts';
import { quantise } from '../format/quantised.ts';
import { dimsOf, floatData } from '../format/tensor.ts';
import {
  type GraphProto,
  type NodeProto,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from '../generated/onnx_pb.ts';
import { makeNode } from '../layers/makeNode.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { show } from '../show.ts';
import { readPredicate } from '../training/namePredicate.ts';
import { isLora } from './isLora.ts';
import { Opened } from './opened.ts';

/** Options of {@link quantizeWeights}. */
export interface QuantizeWeightsOptions {
  /** Bits per integer. */
  readonly bits: 8 | 4;
  /** Weights that stay floats, by name. Default: none. */
  readonly except?: (name: string) => boolean;
}

/** The number of inputs that share one scale in a MatMulNBits. */
const block = 32;

/** A tensor of integers, or of bytes with several integers each. */
const stored = (name: string, dataType: number, dims: readonly number[], rawData: Uint8Array): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType,
    dims: dims.map(BigInt),
    rawData: rawData as Uint8Array<ArrayBuffer>,
  });

/** The output axis of a node's weight. It is undefined if the weight cannot be quantised. */
function outputAxis(node: NodeProto): number | undefined {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  if (node.opType === 'Conv') return 0;
  if (node.opType === 'MatMul') return 1;
  return node.opType === 'Gemm' ? 1 - int(node, 'transB', 0) : undefined;
}

/** Whether a node computes only x · weight + bias, as MatMulNBits and an Add do. */
const isPlainProduct = (node: NodeProto): boolean =>
  node.opType === 'MatMul' ||
  (node.opType === 'Gemm' &&
    float(node, 'alpha', 1) === 1 &&
    float(node, 'beta', 1) === 1 &&
    int(node, 'transA', 0) === 0);

/**
 * The scale of each group. It maps the group's largest absolute value to the largest integer. It is 1 if all elements
 * are 0.
 */
function scalesOf(
  values: Float32Array,
  groups: number,
  group: (i: number) => number,
  most: number,
): Float32Array {
  const largest = new Float32Array(groups);
  values.forEach((value, i) => {
    largest[group(i)] = Math.max(largest[group(i)] as number, Math.abs(value));
  });
  return largest.map((value) => value / most || 1);
}

/** Refuses weights that are not finite, because no integer can represent them. */
function checkFinite(name: string, values: Float32Array): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw fail(
    'finite weights',
    `${name}[${at}] = ${values[at]}`,
    'Check the run that made the model: it may have diverged.',
  );
}

/** Replaces a weight by integers and a node that converts them to floats, with one scale for each output. */
function toIntegers(
  opened: Opened,
  name: string,
  weight: TensorProto,
  axis: number,
  bits: 8 | 4,
): { node: NodeProto; value: string } {
  const dims = dimsOf(weight);
  const values = floatData(weight);
  const inner = dims.slice(axis + 1).reduce((size, dim) => size * dim, 1);
  const outputs = dims[axis] as number;
  checkFinite(name, values);
  const group = (i: number): number => Math.floor(i / inner) % outputs;
  const [type, most] = bits === 8 ? [DataType.INT8, 127] : [DataType.INT4, 7];
  const scale = scalesOf(values, outputs, group, most);
  const zero = new Float32Array(outputs);
  const integers = quantise({ scale, zero, group, range: [-most, most] }, values);
  const [scales, zeros, value] = ['scale', 'zero', 'float'].map((word) => opened.free(`${name}_${word}`)) as [
    string,
    string,
    string,
  ];
  opened.forget(name);
  opened.store(stored(name, type, dims, integersToBytes(type, integers)));
  opened.store(floatTensor(scales, DataType.FLOAT, [outputs], scale));
  opened.store(stored(zeros, type, [outputs], integersToBytes(type, new Int32Array(outputs))));
  const node = makeNode('DequantizeLinear', [name, scales, zeros], [value], { axis }, value);
  // Before opset 21, only ONNX Runtime's own DequantizeLinear accepts 4-bit integers.
  if (bits === 4 && opened.model.opset < 21) node.domain = 'com.microsoft';
  return { node, value };
}

/**
 * Replaces a matrix product by ONNX Runtime's MatMulNBits, whose weight is 4-bit integers. Every block of inputs of an
 * output has its own scale.
 */
function toBlocks(
  opened: Opened,
  node: NodeProto,
  name: string,
  weight: TensorProto,
  axis: number,
): NodeProto[] {
  const dims = dimsOf(weight);
  const [k, n] = [dims[1 - axis] as number, dims[axis] as number];
  const blocks = Math.ceil(k / block);
  const given = floatData(weight);
  checkFinite(name, given);
  // One row for each output, padded to whole blocks.
  const values = new Float32Array(n * blocks * block);
  for (let output = 0; output < n; output++)
    for (let i = 0; i < k; i++)
      values[output * blocks * block + i] = given[axis === 0 ? output * k + i : i * n + output] as number;
  const group = (i: number): number => Math.floor(i / block);
  const scale = scalesOf(values, n * blocks, group, 7);
  const zero = new Float32Array(n * blocks).fill(8);
  const integers = quantise({ scale, zero, group, range: [1, 15] }, values);
  const scales = opened.free(`${name}_scale`);
  opened.forget(name);
  opened.store(
    stored(name, DataType.UINT8, [n, blocks, block / 2], integersToBytes(DataType.UINT4, integers)),
  );
  opened.store(floatTensor(scales, DataType.FLOAT, [n * blocks], scale));
  const [x = '', , bias = ''] = node.input;
  const output = node.output[0] as string;
  const product = bias === '' ? output : opened.free(`${output}_product`);
  const sizes = { K: k, N: n, bits: 4, block_size: block };
  const many = makeNode('MatMulNBits', [x, name, scales], [product], sizes, node.name || product);
  many.domain = 'com.microsoft';
  return bias === ''
    ? [many]
    : [many, makeNode('Add', [product, bias], [output], {}, opened.free(`${output}_bias`))];
}

/** The names of all stored tensors of a graph: initializers, and the values of Constant nodes. */
const storedNames = ({ initializer, node }: GraphProto): string[] => [
  ...initializer.map(({ name }) => name),
  ...node.flatMap(({ opType, output }) => (opType === 'Constant' ? output : [])),
];

/** Describes the weights of a graph that has no float32 weights. */
function noneOf(opened: Opened): string {
  const types = storedNames(opened.graph).map((name) => opened.stored(name)?.dataType ?? DataType.FLOAT);
  const other = types.find((type) => isFloat(type) && type !== DataType.FLOAT);
  if (other !== undefined) return `only weights of type ${typeName(other)}`;
  return types.some((type) => isQuantisedType(type)) ? 'only integer weights' : 'none';
}

/**
 * Stores the weights of matrix products and convolutions as integers. Each output has one scale (`DequantizeLinear`).
 * In 4-bit matrix products, every 32 inputs of an output share a scale (`MatMulNBits` of ONNX Runtime). Each weight is
 * rounded to the nearest integer, without calibration. Training then uses float master weights, and can recover some of
 * the accuracy. Adapters (LoRA) stay floats.
 *
 * @param model - the content of an .onnx file of opset 13 or newer; it is not changed
 * @returns the content of the new file
 * @throws {ClrError} if there is no such weight, or if a weight is not finite
 *
 * @example
 * ```ts
 * const small = quantizeWeights(bytes, { bits: 8 });
 * describeHead(small).classes === describeHead(bytes).classes; // true
 * ```
 */
export function quantizeWeights(model: Uint8Array, options: QuantizeWeightsOptions): Uint8Array {
  checkOptionNames('clr/onnx', 'quantizeWeights', options, ['bits', 'except']);
  const { bits } = options;
  if (bits !== 8 && bits !== 4) throw fail('bits to be 8 or 4', `bits = ${show(bits)}`, 'Pass { bits: 8 }.');
  const except = readPredicate('except', options.except);
  const opened = new Opened(model);
  const { graph } = opened;
  const { opset, proto } = opened.model;
  if (opset < 13) {
    throw fail('a model of opset 13 or newer', `opset ${opset}`, 'Export it again with a newer opset.');
  }
  let kept = 0;
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const name of storedNames(graph)) {
    const tensor = opened.stored(name);
    if (!tensor) continue;
    const { dataType, dims } = tensor;
    const readers = opened.readers(name);
    const axes = readers.map(({ node, input }) => (input === 1 ? outputAxis(node) : undefined));
    const [axis] = axes;
    const product = readers.every(({ node }) => node.opType !== 'Conv');
    if (axis === undefined || axes.some((each) => each !== axis) || (product && dims.length !== 2)) continue;
    if (dataType !== DataType.FLOAT || isLora(name) || opened.isOutput(name) || dims.includes(0n)) continue;
    if (except(name)) {
      kept += 1;
      continue;
    }
    const first = graph.node.find((node) => readers.some((reader) => reader.node === node)) as NodeProto;
    if (bits === 4 && readers.length === 1 && isPlainProduct(first)) {
      replaced.set(first, toBlocks(opened, first, name, tensor, axis));
      continue;
    }
    const { node, value } = toIntegers(opened, name, tensor, axis, bits);
    for (const reader of readers) reader.node.input[1] = value;
    replaced.set(first, [node, first]);
  }
  if (replaced.size === 0) {
    throw fail(
      'stored float32 weights of convolutions and products to quantize',
      kept > 0 ? `${kept} weights, all excluded by except` : `${noneOf(opened)} in the main graph`,
      kept > 0 ? 'Exclude fewer weights.' : 'describeModel lists the weights.',
    );
  }
  graph.node = graph.node.flatMap((node) => replaced.get(node) ?? [node]);
  const isKnown = proto.opsetImport.some(({ domain }) => domain === 'com.microsoft');
  if (!isKnown && graph.node.some(({ domain }) => domain === 'com.microsoft'))
    proto.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  return opened.close();
}
