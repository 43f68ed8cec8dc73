import * as ort from 'onnxruntime-node';
import { DataType } from '../src/format/dataType.ts';
import type { Batch } from '../src/index.ts';
import { makeModel } from './makeModel.ts';

const float = DataType.FLOAT;
const waves = (length: number, pace: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(pace * (i + 1) ** 1.1) / 4);

/** A classifier of 8 numbers into 3 classes with one hidden layer of `width` units. */
export function smallModel(width = 16): Uint8Array {
  return makeModel({
    inputs: [{ name: 'input', type: float, dims: ['{batch}', 8] }],
    outputs: [{ name: 'logits', type: float, dims: ['{batch}', 3] }],
    initializers: [
      { name: 'hidden.weight', type: float, dims: [8, width], values: waves(8 * width, 0.7) },
      { name: 'hidden.bias', type: float, dims: [width], values: waves(width, 1.3) },
      { name: 'out.weight', type: float, dims: [width, 3], values: waves(3 * width, 2.1) },
    ],
    nodes: [
      { op: 'Gemm', inputs: ['input', 'hidden.weight', 'hidden.bias'], outputs: ['h'] },
      { op: 'Tanh', inputs: ['h'], outputs: ['t'] },
      { op: 'MatMul', inputs: ['t', 'out.weight'], outputs: ['logits'] },
    ],
  });
}

/** The batch of a step, the same in every process. */
export function smallBatch(step: number, size = 4): Batch {
  const input = Float32Array.from({ length: 8 * size }, (_, i) => Math.sin(step * 12.9898 + i * 78.233));
  const target = BigInt64Array.from({ length: size }, (_, i) => BigInt((step + i) % 3));
  return {
    input: new ort.Tensor('float32', input, [size, 8]),
    target: new ort.Tensor('int64', target, [size]),
  };
}
