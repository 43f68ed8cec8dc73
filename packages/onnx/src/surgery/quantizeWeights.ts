import { create } from '@bufbuild/protobuf';
import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { float, int } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import { integersToBytes } from '../format/integers.ts';
import { quantise } from '../format/quantised.ts';
import { dimsOf, floatData } from '../format/tensor.ts';
import {
  type NodeProto,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from '../generated/onnx_pb.ts';
import { makeNode } from '../layers/makeNode.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { show } from '../show.ts';
import { Opened } from './opened.ts';

/** Options of {@link quantizeWeights}. */
export interface QuantizeWeightsOptions {
  /** Bits per integer: 8 quantises convolutions and matrix products, 4 only matrix products. */
  readonly bits: 8 | 4;
  /** Weights that stay floats, by name. Default: none. */
  readonly except?: (name: string) => boolean;
}

/** The number of inputs that share one scale, for 4-bit integers. */
const block = 32;

/** A tensor of integers, or of bytes with several integers each. */
const stored = (name: string, dataType: number, dims: readonly number[], rawData: Uint8Array): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType,
    dims: dims.map(BigInt),
    rawData: rawData as Uint8Array<ArrayBuffer>,
  });

/** The output axis of a weight; undefined for a node that cannot be quantised. */
function outputAxis(node: NodeProto, bits: number): number | undefined {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  if (node.opType === 'Conv') return bits === 8 ? 0 : undefined;
  if (node.opType === 'MatMul') return 1;
  if (node.opType !== 'Gemm') return undefined;
  const plain = float(node, 'alpha', 1) === 1 && float(node, 'beta', 1) === 1 && int(node, 'transA', 0) === 0;
  return bits === 8 || plain ? 1 - int(node, 'transB', 0) : undefined;
}

/** The scale that maps the largest element to the largest integer; 1 if all elements are 0. */
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

/** Replaces a weight by 8-bit integers and a node that converts them to floats, with one scale for each output. */
function toEightBits(opened: Opened, weight: TensorProto, axis: number): { node: NodeProto; value: string } {
  const { name } = weight;
  const dims = dimsOf(weight);
  const values = floatData(weight);
  const inner = dims.slice(axis + 1).reduce((size, dim) => size * dim, 1);
  const outputs = dims[axis] as number;
  const group = (i: number): number => Math.floor(i / inner) % outputs;
  const scale = scalesOf(values, outputs, group, 127);
  const zero = new Float32Array(outputs);
  const integers = quantise({ scale, zero, group, range: [-127, 127] }, values);
  const [scales, zeros, value] = ['scale', 'zero', 'float'].map((word) => opened.free(`${name}_${word}`)) as [
    string,
    string,
    string,
  ];
  opened.forget(name);
  opened.store(stored(name, DataType.INT8, dims, integersToBytes(DataType.INT8, integers)));
  opened.store(floatTensor(scales, DataType.FLOAT, [outputs], scale));
  opened.store(stored(zeros, DataType.INT8, [outputs], new Uint8Array(outputs)));
  return { node: makeNode('DequantizeLinear', [name, scales, zeros], [value], { axis }, value), value };
}

/** Replaces a product by a MatMulNBits: 4-bit integers, with one scale for each block of inputs of an output. */
function toFourBits(opened: Opened, node: NodeProto, weight: TensorProto, axis: number): NodeProto[] {
  const { name } = weight;
  const dims = dimsOf(weight);
  const [k, n] = [dims[1 - axis] as number, dims[axis] as number];
  const blocks = Math.ceil(k / block);
  const given = floatData(weight);
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

/**
 * Stores the weights of matrix products and convolutions as integers. 8-bit integers have one scale for each output
 * (`DequantizeLinear`). 4-bit integers have one scale for every 32 inputs of an output (`MatMulNBits` of ONNX Runtime;
 * convolutions are left unchanged). Each weight is rounded to the nearest integer, without calibration. Training then uses
 * float masters and can recover some of the loss.
 *
 * @param model - the content of an .onnx file of opset 13 or newer; it is not changed
 * @returns the content of the new file
 * @throws {ClrError} if there is no such weight
 *
 * @example
 * ```ts
 * const small = quantizeWeights(bytes, { bits: 8 });
 * describeHead(small).classes === describeHead(bytes).classes; // true
 * ```
 */
export function quantizeWeights(model: Uint8Array, options: QuantizeWeightsOptions): Uint8Array {
  checkOptionNames('clr/onnx', 'quantizeWeights', options, ['bits', 'except']);
  const { bits, except = () => false } = Object(options) as QuantizeWeightsOptions;
  if (bits !== 8 && bits !== 4) throw fail('bits to be 8 or 4', `bits = ${show(bits)}`, 'Pass { bits: 8 }.');
  if (typeof except !== 'function') {
    throw fail(
      'except to be a function of a name',
      `except = ${show(except)}`,
      'Leave it out for all weights.',
    );
  }
  const opened = new Opened(model);
  const { graph } = opened;
  const { opset, proto } = opened.model;
  if (opset < 13) {
    throw fail('a model of opset 13 or newer', `opset ${opset}`, 'Export it again with a newer opset.');
  }
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const tensor of [...graph.initializer]) {
    const { name, dataType, dims } = tensor;
    const readers = opened.readers(name);
    const axes = readers.map(({ node, input }) => (input === 1 ? outputAxis(node, bits) : undefined));
    const [axis] = axes;
    const product = readers.every(({ node }) => node.opType !== 'Conv');
    if (axis === undefined || axes.some((each) => each !== axis) || (product && dims.length !== 2)) continue;
    if (dataType !== DataType.FLOAT || except(name) || opened.isOutput(name) || dims.includes(0n)) continue;
    if (bits === 4 && readers.length > 1) continue;
    const first = readers[0]?.node as NodeProto;
    if (bits === 4) {
      replaced.set(first, toFourBits(opened, first, tensor, axis));
      continue;
    }
    const { node, value } = toEightBits(opened, tensor, axis);
    for (const reader of readers) reader.node.input[1] = value;
    const before = graph.node.find((each) => readers.some((reader) => reader.node === each)) as NodeProto;
    replaced.set(before, [node, before]);
  }
  if (replaced.size === 0) {
    throw fail(
      `stored float32 weights of ${bits === 8 ? 'convolutions and products' : 'products'} to quantize`,
      'none in the main graph',
      'Check the model with describeModel.',
    );
  }
  graph.node = graph.node.flatMap((node) => replaced.get(node) ?? [node]);
  if (bits === 4 && !proto.opsetImport.some(({ domain }) => domain === 'com.microsoft'))
    proto.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  return opened.close();
}
