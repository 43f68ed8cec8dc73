import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readRows } from '../src/arrays/rawArray.ts';
import { decodeImage } from '../src/images/decodeImage.ts';
import { resizeImage } from '../src/images/resizeImage.ts';
import { bytesSource, channelMoments, ImageReader, imagesDataset, openArrays } from '../src/index.ts';

const file = (name: string): Promise<Uint8Array> => readFile(new URL(`files/${name}`, import.meta.url));
const expected = await openArrays(bytesSource(await file('expected.npz')), 'expected');
async function pixels(name: string): Promise<Float32Array> {
  const array = expected.find((each) => each.name === name)!;
  return readRows(
    array,
    Array.from({ length: array.dims[0] as number }, (_, i) => i),
    (length) => new Float32Array(length),
  );
}
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe('images, compared with Pillow', () => {
  it.each<[string, number]>([
    ['colour.png', 0],
    ['noise.png', 0],
    ['grey.png', 0],
    ['alpha.png', 0],
    ['palette.png', 0],
    ['bits.png', 0],
    // JPEG decoders differ in rounding, and in the upsampling of colours.
    ['photo.jpg', 3],
    ['progressive.jpg', 16],
  ])('have the same pixels, in the original size and resized: %s', async (name, most) => {
    const image = decodeImage(await file(name), 3, name);
    expect([image.width, image.height, image.channels]).toEqual([30, 20, 3]);
    expect(furthest(image.data, await pixels(name))).toBeLessThanOrEqual(most);
    for (const [width, height] of [
      [9, 7],
      [41, 33],
    ] as const) {
      const resized = resizeImage(image, width, height).data;
      expect(furthest(resized, await pixels(`${name} ${width}x${height}`))).toBeLessThanOrEqual(most + 1);
    }
  });

  it('are converted to grey, and from 16 bits to 8', async () => {
    const noise = decodeImage(await file('noise.png'), 1, 'noise');
    expect(furthest(noise.data, await pixels('noise.png L'))).toBeLessThanOrEqual(1);
    expect(furthest(decodeImage(await file('deep.png'), 1, 'deep').data, await pixels('deep.png L'))).toBe(0);
  });

  it('have mean 0 and deviation 1 after normalising, in both layouts', async () => {
    const files = ['colour.png', 'noise.png'].map((name, label) => ({ name, label, read: () => file(name) }));
    const reader = new ImageReader(files, { width: 30, height: 20, channels: 3 });
    const moments = await channelMoments(reader, [0, 1]);
    const base = {
      version: 1,
      kind: 'images',
      classes: ['a', 'b'],
      width: 30,
      height: 20,
      channels: 3,
      ...moments,
    } as const;
    const chw = await imagesDataset(reader, { ...base, layout: 'CHW' }).read([0, 1]);
    const hwc = await imagesDataset(reader, { ...base, layout: 'HWC' }).read([0, 1]);
    expect(chw['target']?.data).toEqual(BigInt64Array.of(0n, 1n));
    const [first, last] = [chw['input']!, hwc['input']!];
    expect([first.dims, last.dims]).toEqual([
      [2, 3, 20, 30],
      [2, 20, 30, 3],
    ]);
    let [sum, square] = [0, 0];
    for (const image of [0, 1]) {
      for (let pixel = 0; pixel < 600; pixel++) {
        const value = first.data[image * 1800 + 600 + pixel] as number;
        expect(value).toBe(last.data[image * 1800 + pixel * 3 + 1]);
        sum += value;
        square += value ** 2;
      }
    }
    expect(sum / 1200).toBeCloseTo(0, 5);
    expect(square / 1200).toBeCloseTo(1, 5);
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'an empty file'],
    ['a text file', new TextEncoder().encode('hello'), 'another format'],
    ['a truncated PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1, 2), 'a whole image'],
    ['a truncated JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0), 'a whole image'],
  ])('refuses %s', (_, bytes, words) => {
    expect(() => decodeImage(bytes, 3, 'x')).toThrow(words);
  });
});
