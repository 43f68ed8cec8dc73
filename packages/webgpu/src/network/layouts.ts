/**
 * Convolution weights from PyTorch's and ONNX's order `[out, in, row, column]` to this package's
 * `[row, column, in, out]`.
 *
 * @example
 * ```ts
 * trainer.setParameters([['conv1.weight', hwioFromOihw(data, [32, 3, 5, 5])]]);
 * ```
 */
export function hwioFromOihw(
  data: ArrayLike<number>,
  [out, inputs, height, width]: readonly [out: number, inputs: number, height: number, width: number],
): Float32Array {
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
 * Dense weights from PyTorch's `[out, in]` to this package's `[in, out]`.
 *
 * @param flattened - the `[channels, rows, columns]` that PyTorch or ONNX flattened before the layer, if it
 *   did: this package flattens rows, columns, channels
 *
 * @example
 * ```ts
 * trainer.setParameters([['dense1.weight', inOutFromOutIn(data, [120, 400], [16, 5, 5])]]);
 * ```
 */
export function inOutFromOutIn(
  data: ArrayLike<number>,
  [out, inputs]: readonly [out: number, inputs: number],
  [channels, rows, columns]: readonly [channels: number, rows: number, columns: number] = [inputs, 1, 1],
): Float32Array {
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

/** Examples from `[channel, row, column]` to this package's `[row, column, channel]`. */
export function hwcFromChw(
  data: ArrayLike<number>,
  [channels, rows, columns]: readonly [channels: number, rows: number, columns: number],
): Float32Array {
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
