import type { Image } from './image.ts';

/**
 * Resizes an image by bilinear interpolation with antialiasing, like Pillow's `resize(…, BILINEAR)` and torchvision, up
 * to rounding. The triangle filter widens as the image shrinks, so that no pixel is skipped.
 */
export function resizeImage(image: Image, width: number, height: number): Image {
  if (image.width === width && image.height === height) return image;
  const { channels } = image;
  const across = weightsFor(image.width, width);
  const down = weightsFor(image.height, height);
  const rows = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = across[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++)
          sum += weights[i]! * image.data[(y * image.width + first + i) * channels + c]!;
        rows[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const { first, weights } = down[y]!;
    for (let at = 0; at < width * channels; at++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++)
        sum += weights[i]! * rows[(first + i) * width * channels + at]!;
      data[y * width * channels + at] = Math.min(255, Math.max(0, Math.round(sum)));
    }
  }
  return { width, height, channels, data };
}

/** For each pixel of the result: the first source pixel, and the weights of this pixel and the following ones. */
function weightsFor(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: to }, (_, pixel) => {
    const centre = (pixel + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const raw = Array.from({ length: end - first }, (_, i) =>
      Math.max(0, 1 - Math.abs(first + i + 0.5 - centre) / support),
    );
    const sum = raw.reduce((all, weight) => all + weight, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}
