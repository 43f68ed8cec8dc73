import { ClrError } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { parseIdx } from './parseIdx.ts';
import { parseMnist } from './parseMnist.ts';

const idx = (dims: number[], data: number[] = []): Uint8Array =>
  Uint8Array.of(0, 0, 8, dims.length, ...dims.flatMap((dim) => [0, 0, dim >> 8, dim & 255]), ...data);

const images = idx(
  [2, 28, 28],
  Array.from({ length: 2 * 784 }, (_, i) => i % 256),
);

describe('parseIdx', () => {
  it('reads dimensions and elements, also from the middle of a buffer', () => {
    const file = idx([2, 3], [1, 2, 3, 4, 5, 6]);
    const buffer = new Uint8Array(file.length + 7);
    buffer.set(file, 5);
    const array = parseIdx(buffer.subarray(5, 5 + file.length));
    expect(array.dims).toEqual([2, 3]);
    expect([...array.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ['an empty file', new Uint8Array(), '0 bytes'],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, 0, 0), '5 bytes: 31, 139, 8, 0'],
    ['an array of floats', Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), '8 bytes: 0, 0, 13, 1'],
    ['a header cut short', Uint8Array.of(0, 0, 8, 3, 0, 0), '6 bytes'],
    ['data cut short', idx([2, 3], [1, 2, 3]), '15 bytes'],
    ['data too long', idx([1], [1, 2]), '10 bytes'],
  ])('refuses %s', (_, bytes, received) => {
    expect(() => parseIdx(bytes)).toThrow(ClrError);
    expect(() => parseIdx(bytes)).toThrow(`Received: ${received}`);
  });
});

describe('parseMnist', () => {
  const files = {
    trainImages: images,
    trainLabels: idx([2], [3, 9]),
    testImages: images,
    testLabels: idx([2], [0, 1]),
  };

  it('pairs images and labels', () => {
    const { train } = parseMnist(files);
    expect([train.count, ...train.labels, train.images[784]]).toEqual([2, 3, 9, 784 % 256]);
  });

  it.each([
    ['labels where images belong', { trainImages: files.trainLabels }, 'images of n × 28 × 28'],
    ['too few labels', { testLabels: idx([1], [0]) }, '2 labels for 2 images'],
    ['a label out of range', { testLabels: idx([2], [0, 10]) }, 'labels from 0 to 9'],
  ])('refuses %s', (_, change, expected) => {
    expect(() => parseMnist({ ...files, ...change })).toThrow(`Expected ${expected}`);
  });
});
