import type { Dataset } from '../dataset.ts';
import { decodeImage } from './decodeImage.ts';
import type { Image } from './image.ts';
import { resizeImage } from './resizeImage.ts';

/** The encoding of images as numbers: plain data to store beside the model. */
export interface ImageEncoding {
  /** The version of this format. */
  readonly version: 1;
  /** Distinguishes the encoding of images from that of a table. */
  readonly kind: 'images';
  /** The names of the classes, by their number. */
  readonly classes: readonly string[];
  /** The width that images are resized to, in pixels. */
  readonly width: number;
  /** The height that images are resized to, in pixels. */
  readonly height: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
  /** Each channel becomes (byte / 255 − mean) / std. */
  readonly mean: readonly number[];
  /** The standard deviation of each channel. */
  readonly std: readonly number[];
  /** [channels, height, width] or [height, width, channels]. */
  readonly layout: 'CHW' | 'HWC';
}

/** An image that is read on demand. */
export interface ImageFile {
  /** Its name in messages. */
  readonly name: string;
  /** The number of its class; absent for predictions. */
  readonly label?: number;
  /** Reads the whole file. */
  read(): Promise<Uint8Array>;
}

type Size = Pick<ImageEncoding, 'width' | 'height' | 'channels'>;

/** The maximum total size of the decoded images in memory, in bytes. */
const kept = 256 * 2 ** 20;

/**
 * Decodes and resizes images, and keeps up to 256 MiB of them in memory.
 *
 * @example
 * ```ts
 * const file = { name: 'grey.png', read: () => readFile('grey.png') };
 * const { data } = await new ImageReader([file], { width: 4, height: 3, channels: 1 }).image(0);
 * data.length; // 12
 * ```
 */
export class ImageReader {
  readonly #images = new Map<number, Image>();
  #bytes = 0;
  /** The images, in order. */
  readonly files: readonly ImageFile[];
  /** The size and the number of channels that images are decoded to. */
  readonly size: Size;

  constructor(files: readonly ImageFile[], size: Size) {
    this.files = files;
    this.size = size;
  }

  /** Decodes and resizes one image. Decoded images stay in memory up to a limit. */
  async image(row: number): Promise<Image> {
    const known = this.#images.get(row);
    if (known) return known;
    const file = this.files[row] as ImageFile;
    const decoded = decodeImage(await file.read(), this.size.channels, file.name);
    const image = resizeImage(decoded, this.size.width, this.size.height);
    if (this.#bytes + image.data.length <= kept) {
      this.#images.set(row, image);
      this.#bytes += image.data.length;
    }
    return image;
  }
}

/**
 * The mean and the standard deviation of each channel, for bytes scaled to [0, 1].
 *
 * @example
 * ```ts
 * const file = { name: 'grey.png', read: () => readFile('grey.png') };
 * const reader = new ImageReader([file], { width: 4, height: 3, channels: 1 });
 * (await channelMoments(reader, [0])).mean[0] < 1; // true
 * ```
 */
export async function channelMoments(
  reader: ImageReader,
  rows: ArrayLike<number>,
): Promise<Pick<ImageEncoding, 'mean' | 'std'>> {
  const { channels } = reader.size;
  const [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let pixels = 0;
  for (let i = 0; i < rows.length; i++) {
    const { data } = await reader.image(rows[i] as number);
    for (let at = 0; at < data.length; at++) {
      const value = (data[at] as number) / 255;
      sums[at % channels] = (sums[at % channels] as number) + value;
      squares[at % channels] = (squares[at % channels] as number) + value * value;
    }
    pixels += data.length / channels;
  }
  const mean = Array.from(sums, (sum) => sum / pixels);
  const std = mean.map(
    (value, c) => Math.sqrt(Math.max(0, (squares[c] as number) / pixels - value ** 2)) || 1,
  );
  return { mean, std };
}

/**
 * Makes examples from images: `input`, the normalised image in the encoding's `layout`, and `target`, the class.
 *
 * @example
 * ```ts
 * const files = [{ name: 'grey.png', label: 1, read: () => readFile('grey.png') }];
 * const size = { width: 4, height: 3, channels: 1 };
 * const rest = { version: 1, kind: 'images', classes: ['cat', 'dog'], mean: [0.5], std: [0.25], layout: 'CHW' };
 * const dataset = imagesDataset(new ImageReader(files, size), { ...size, ...rest });
 * (await dataset.read([0])).input.dims; // [1, 1, 3, 4]
 * ```
 */
export function imagesDataset(reader: ImageReader, encoding: ImageEncoding): Dataset {
  const { width, height, channels, mean, std, layout } = encoding;
  const plane = width * height;
  const size = plane * channels;
  const labels = reader.files.map(({ label }) => label);
  const labelled = labels.every((label): label is number => label !== undefined);
  const dims = layout === 'CHW' ? [channels, height, width] : [height, width, channels];
  return {
    count: reader.files.length,
    fields: {
      input: { type: 'float32', dims },
      ...(labelled && { target: { type: 'int64' as const, dims: [] } }),
    },
    ...(labelled && { labels }),
    notes: [],
    async read(rows) {
      const data = new Float32Array(rows.length * size);
      for (let i = 0; i < rows.length; i++) {
        const { data: bytes } = await reader.image(rows[i] as number);
        for (let c = 0; c < channels; c++) {
          const [scale, shift] = [1 / (255 * std[c]!), mean[c]! / std[c]!];
          for (let pixel = 0; pixel < plane; pixel++) {
            const to = layout === 'CHW' ? c * plane + pixel : pixel * channels + c;
            data[i * size + to] = bytes[pixel * channels + c]! * scale - shift;
          }
        }
      }
      const taken = Array.from(rows, (row) => BigInt(labels[row] ?? 0));
      return {
        input: { type: 'float32', dims: [rows.length, ...dims], data },
        ...(labelled && {
          target: { type: 'int64' as const, dims: [rows.length], data: BigInt64Array.from(taken) },
        }),
      };
    },
  };
}
