import type { Tensor, TensorConstructor } from 'onnxruntime-common';

/** The place of a tensor in a .bin file. Inputs are stored as bytes, all other tensors as float32. */
interface Place {
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}
type Places = Readonly<Record<string, Place>>;

/** A file of `tooling/oracle/data/models`. */
export interface OracleJson {
  readonly loss: 'crossEntropy' | 'mse';
  readonly optimizer: { readonly momentum: number; readonly weightDecay: number };
  readonly batches: readonly {
    readonly input: Place;
    readonly target: { readonly shape: readonly number[]; readonly data: readonly number[] };
  }[];
  readonly runs: OracleModel['runs'];
  readonly gradients: Places;
  readonly parameters: Places;
  readonly buffers: Places;
}

type Arrays = Readonly<Record<string, Float32Array>>;

/**
 * An ONNX model with the results of several short training runs in PyTorch. Each starts from the weights in the file.
 */
export interface OracleModel {
  readonly bytes: Uint8Array;
  readonly loss: OracleJson['loss'];
  readonly optimizer: OracleJson['optimizer'];
  readonly batches: readonly { readonly input: Tensor; readonly target: Tensor }[];
  /** The batch, the rate and the loss (before the update) of each step of each training run. */
  readonly runs: readonly {
    readonly batches: readonly number[];
    readonly lr: readonly number[];
    readonly losses: readonly number[];
  }[];
  /** The gradients of the first step. */
  readonly gradients: Arrays;
  /** The parameters at the end of the last training run. */
  readonly parameters: Arrays;
  /** The running statistics at the end of the last training run. */
  readonly buffers: Arrays;
}

/** Combines the three files of a model, with tensors of the runtime under test. */
export function parseOracle(
  OrtTensor: TensorConstructor,
  json: OracleJson,
  bin: Uint8Array,
  bytes: Uint8Array,
): OracleModel {
  const floats = ({ offset, length }: Place): Float32Array =>
    new Float32Array(bin.slice(offset, offset + 4 * length).buffer);
  const arrays = (places: Places): Arrays =>
    Object.fromEntries(Object.entries(places).map(([name, place]) => [name, floats(place)]));
  const { loss, optimizer, runs } = json;
  return {
    ...{ bytes, loss, optimizer, runs },
    gradients: arrays(json.gradients),
    parameters: arrays(json.parameters),
    buffers: arrays(json.buffers),
    batches: json.batches.map(({ input, target }) => {
      const sixteenths = new Int8Array(bin.slice(input.offset, input.offset + input.length).buffer);
      return {
        input: new OrtTensor(
          'float32',
          Float32Array.from(sixteenths, (value) => value / 16),
          [...input.shape],
        ),
        target:
          loss === 'mse'
            ? new OrtTensor('float32', Float32Array.from(target.data), [...target.shape])
            : new OrtTensor('int64', BigInt64Array.from(target.data, BigInt), [...target.shape]),
      };
    }),
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
