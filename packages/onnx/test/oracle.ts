import { readFileSync } from 'node:fs';
import { oraclePath, readOracle } from '@clr/tooling/oracle';
import * as ort from 'onnxruntime-node';

/** Where a tensor lies in an oracle's .bin file. */
export interface Stored {
  readonly dtype: 'float32' | 'int64';
  readonly shape: number[];
  readonly offset: number;
  readonly length: number;
}

interface OracleJson {
  readonly loss: 'crossEntropy' | 'mse';
  readonly policy: { readonly baseLr: number; readonly maxLr: number; readonly stepSize: number };
  readonly batches: readonly { readonly input: Stored; readonly target: Stored }[];
  readonly losses: readonly number[];
  readonly gradients: Readonly<Record<string, Stored>>;
  readonly final: Readonly<Record<string, Stored>>;
  readonly buffers: Readonly<Record<string, Stored>>;
}

/** One of the oracle's ONNX models with PyTorch's record of training it. */
export interface OracleModel extends Omit<OracleJson, 'batches'> {
  readonly bytes: Uint8Array;
  readonly batches: readonly { readonly input: ort.Tensor; readonly target: ort.Tensor }[];
  readonly read: (stored: Stored) => Float32Array;
  /** The rate of a step: triangular, as the oracle trained. */
  readonly lr: (step: number) => number;
}

export function oracleModel(name: string): OracleModel {
  const json = readOracle<OracleJson>(`onnx/${name}.json`);
  const bin = readFileSync(oraclePath(`onnx/${name}.bin`));
  const bytesOf = (stored: Stored, width: number): ArrayBuffer =>
    bin.buffer.slice(
      bin.byteOffset + stored.offset,
      bin.byteOffset + stored.offset + stored.length * width,
    ) as ArrayBuffer;
  const tensor = (stored: Stored): ort.Tensor =>
    stored.dtype === 'int64'
      ? new ort.Tensor('int64', new BigInt64Array(bytesOf(stored, 8)), stored.shape)
      : new ort.Tensor('float32', new Float32Array(bytesOf(stored, 4)), stored.shape);
  const { baseLr, maxLr, stepSize } = json.policy;
  return {
    ...json,
    bytes: new Uint8Array(readFileSync(oraclePath(`onnx/${name}.onnx`))),
    batches: json.batches.map(({ input, target }) => ({ input: tensor(input), target: tensor(target) })),
    read: (stored) => new Float32Array(bytesOf(stored, 4)),
    lr: (step) => {
      const phase = step % (2 * stepSize);
      const share = phase < stepSize ? phase / stepSize : (2 * stepSize - phase) / stepSize;
      return baseLr + (maxLr - baseLr) * share;
    },
  };
}

/** The largest difference between two tensors, relative to the largest magnitude in the expected one, or to `floor`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 0): number {
  let [worst, scale] = [0, floor];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs((actual[i] ?? Number.NaN) - (expected[i] as number)));
    scale = Math.max(scale, Math.abs(expected[i] as number));
  }
  return actual.length === expected.length ? worst / (scale || 1) : Number.POSITIVE_INFINITY;
}
