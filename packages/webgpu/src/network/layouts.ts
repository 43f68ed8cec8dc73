import { badArgument } from '../errors.ts';

/**
 * Converts convolution weights from PyTorch's and ONNX's order `[out, in, row, column]` to this package's
 * `[row, column, in, out]`.
 *
 * @example
 * ```ts
 * const oneByOne = [1, 2, 3, 4, 5, 6]; // two filters over three channels
 * [...hwioFromOihw(oneByOne, [2, 3, 1, 1])]; // [1, 4, 2, 5, 3, 6]
 * ```
 */
export function hwioFromOihw(
  data: ArrayLike<number>,
  [out, inputs, height, width]: readonly [out: number, inputs: number, height: number, width: number],
): Float32Array {
  checkLength(data, [out, inputs, height, width]);
  const result = new Float32Array(data.length);
  let from = 0;
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let place = 0; place < height * width; place++) {
        result[(place * inputs + i) * out + o] = data[from++] as number;
      }
    }
  }
  return result;
}

/**
 * Converts dense weights from PyTorch's `[out, in]` to this package's `[in, out]`.
 *
 * @param flattened - the `[channels, rows, columns]` that PyTorch or ONNX flattened before the layer, if any. This
 *   package flattens in the order rows, columns, channels
 *
 * @example
 * ```ts
 * const weight = [1, 2, 3, 4, 5, 6]; // two units over three inputs
 * [...inOutFromOutIn(weight, [2, 3])]; // [1, 4, 2, 5, 3, 6]
 * ```
 */
export function inOutFromOutIn(
  data: ArrayLike<number>,
  [out, inputs]: readonly [out: number, inputs: number],
  [channels, rows, columns]: readonly [channels: number, rows: number, columns: number] = [inputs, 1, 1],
): Float32Array {
  checkLength(data, [out, inputs]);
  if (channels * rows * columns !== inputs) {
    throw badArgument(
      `flattened sizes whose product is ${inputs}, the number of inputs`,
      `[${channels}, ${rows}, ${columns}]`,
      'Give the channels, rows and columns before the layer.',
    );
  }
  const result = new Float32Array(data.length);
  const places = rows * columns;
  for (let o = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      for (let place = 0; place < places; place++) {
        result[(place * channels + c) * out + o] = data[o * inputs + c * places + place] as number;
      }
    }
  }
  return result;
}

/**
 * Converts examples from `[channel, row, column]` to this package's `[row, column, channel]`.
 *
 * @example
 * ```ts
 * const image = [1, 2, 3, 4]; // two channels of 1 × 2
 * [...hwcFromChw(image, [2, 1, 2])]; // [1, 3, 2, 4]
 * ```
 */
export function hwcFromChw(
  data: ArrayLike<number>,
  [channels, rows, columns]: readonly [channels: number, rows: number, columns: number],
): Float32Array {
  const example = channels * rows * columns;
  if (!(example > 0 && data.length % example === 0)) {
    throw badArgument(
      `whole examples of ${example} numbers`,
      `${data.length} numbers for [${channels}, ${rows}, ${columns}]`,
      'Pass the examples one after another, and their [channels, rows, columns].',
    );
  }
  const result = new Float32Array(data.length);
  const places = rows * columns;
  for (let start = 0; start < data.length; start += channels * places) {
    for (let c = 0; c < channels; c++) {
      for (let place = 0; place < places; place++) {
        result[start + place * channels + c] = data[start + c * places + place] as number;
      }
    }
  }
  return result;
}

/** Refuses weights whose number is not the product of their sizes. */
function checkLength(data: ArrayLike<number>, dims: readonly number[]): void {
  const length = dims.reduce((product, size) => product * size, 1);
  if (data.length === length) return;
  throw badArgument(
    `${length} numbers for the sizes [${dims.join(', ')}]`,
    `${data.length} numbers`,
    'Pass the sizes of the tensor in its own order.',
  );
}
