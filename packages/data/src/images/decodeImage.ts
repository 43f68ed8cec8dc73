import { decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { fail } from '../errors.ts';
import type { Image } from './image.ts';

/**
 * Decodes a PNG or JPEG image to 1 or 3 channels. Colours become grey by their luminance, grey becomes three equal
 * colours, an alpha channel is dropped, and 16 bits become 8.
 *
 * @throws {ClrError} on other formats and damaged files
 */
export function decodeImage(bytes: Uint8Array, channels: 1 | 3, name: string): Image {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!isPng && !isJpeg) {
    throw fail(
      `a PNG or JPEG image in ${name}`,
      bytes.length === 0 ? 'an empty file' : 'another format',
      'Convert the image, or remove it from the folder.',
    );
  }
  try {
    return convert(isPng ? fromPng(bytes) : fromJpeg(bytes), channels);
  } catch (cause) {
    throw fail(
      `a whole image in ${name}`,
      (cause as Error).message,
      'Write the image again, or remove it from the folder.',
      { cause },
    );
  }
}

function fromPng(bytes: Uint8Array): Image {
  const { width, height, channels, depth, data, palette } = decodePng(bytes);
  if (palette) {
    const colours = new Uint8Array(width * height * 3);
    for (let pixel = 0; pixel < width * height; pixel++) {
      colours.set((palette[indexAt(data, pixel, width, depth)] ?? [0, 0, 0]).slice(0, 3), pixel * 3);
    }
    return { width, height, channels: 3, data: colours };
  }
  if (depth === 16) return { width, height, channels, data: Uint8Array.from(data, (value) => value >> 8) };
  if (depth < 8) {
    const scale = 255 / (2 ** depth - 1);
    const grey = Uint8Array.from(
      { length: width * height },
      (_, pixel) => indexAt(data, pixel, width, depth) * scale,
    );
    return { width, height, channels: 1, data: grey };
  }
  return { width, height, channels, data: data as Uint8Array };
}

/** The value of a pixel, also if several pixels share a byte. Each row begins with a new byte. */
function indexAt(data: ArrayLike<number>, pixel: number, width: number, depth: number): number {
  if (depth >= 8) return data[pixel] as number;
  const stride = Math.ceil((width * depth) / 8);
  const [row, column] = [Math.floor(pixel / width), pixel % width];
  const byte = data[row * stride + Math.floor((column * depth) / 8)] as number;
  return (byte >> (8 - depth - ((column * depth) % 8))) & (2 ** depth - 1);
}

function fromJpeg(bytes: Uint8Array): Image {
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxMemoryUsageInMB: 1024,
  });
  return { width, height, channels: 3, data };
}

/** The luminance of ITU-R BT.601, as in Pillow's convert('L'). */
const luminance = (r: number, g: number, b: number): number => Math.round(0.299 * r + 0.587 * g + 0.114 * b);

function convert(image: Image, channels: 1 | 3): Image {
  const { width, height, channels: from, data } = image;
  if (from === channels) return image;
  const converted = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * from;
    const [r, g, b] = from < 3 ? [data[at], data[at], data[at]] : [data[at], data[at + 1], data[at + 2]];
    if (channels === 1)
      converted[pixel] = from < 3 ? (r as number) : luminance(r as number, g as number, b as number);
    else converted.set([r as number, g as number, b as number], pixel * 3);
  }
  return { width, height, channels, data: converted };
}
