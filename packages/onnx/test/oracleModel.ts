import type { Tensor, TensorConstructor } from 'onnxruntime-common';

/** Where a tensor lies in an oracle's .bin file. */
export interface Stored {
  readonly dtype: 'float32' | 'int64';
  readonly shape: number[];
  readonly offset: number;
  readonly length: number;
}

/** PyTorch's record of training a model. */
export interface OracleJson {
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
  readonly batches: readonly { readonly input: Tensor; readonly target: Tensor }[];
  readonly read: (stored: Stored) => Float32Array;
  /** The rate of a step: triangular, as the oracle trained. */
  readonly lr: (step: number) => number;
}

/** Puts an oracle's three files together, with the tensors of the runtime under test. */
export function parseOracle(
  OrtTensor: TensorConstructor,
  json: OracleJson,
  bin: Uint8Array,
  bytes: Uint8Array,
): OracleModel {
  const bytesOf = (stored: Stored, width: number): ArrayBuffer =>
    bin.slice(stored.offset, stored.offset + stored.length * width).buffer as ArrayBuffer;
  const tensor = (stored: Stored): Tensor =>
    stored.dtype === 'int64'
      ? new OrtTensor('int64', new BigInt64Array(bytesOf(stored, 8)), stored.shape)
      : new OrtTensor('float32', new Float32Array(bytesOf(stored, 4)), stored.shape);
  const { baseLr, maxLr, stepSize } = json.policy;
  return {
    ...json,
    bytes,
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
