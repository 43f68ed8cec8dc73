import type { Dataset, LabelledImages } from './dataset.ts';

/** The conversion of bytes to floats: `(byte / 255 − mean) / std` per channel. */
export interface Normalisation extends Pick<Dataset, 'shape' | 'mean' | 'std'> {
  /** Channels first, as in ONNX and PyTorch (default), or last, as in TensorFlow. */
  readonly layout?: 'CHW' | 'HWC';
}

/**
 * The images with the given indices as one normalised float array in `layout`.
 *
 * @example
 * ```ts
 * const data = await mnist();
 * floatImages(data.train, [0, 1], data); // Float32Array(2 · 1 · 28 · 28)
 * ```
 */
export function floatImages(
  { images }: Pick<LabelledImages, 'images'>,
  indices: ArrayLike<number>,
  { shape: [channels, height, width], mean, std, layout = 'CHW' }: Normalisation,
): Float32Array<ArrayBuffer> {
  const plane = height * width;
  const size = channels * plane;
  const floats = new Float32Array(indices.length * size);
  const [channelStride, pixelStride] = layout === 'CHW' ? [plane, 1] : [1, channels];
  for (let channel = 0; channel < channels; channel++) {
    const scale = 1 / (255 * std[channel]!);
    const shift = mean[channel]! / std[channel]!;
    for (let image = 0; image < indices.length; image++) {
      const from = indices[image]! * size + channel * plane;
      const to = image * size + channel * channelStride;
      for (let pixel = 0; pixel < plane; pixel++) {
        floats[to + pixel * pixelStride] = images[from + pixel]! * scale - shift;
      }
    }
  }
  return floats;
}
