import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatBatches } from './floatBatches.ts';
import { floatImages } from './floatImages.ts';
import { shuffledIndices } from './shuffledIndices.ts';

// Seven images of 2 channels and 1 × 3 pixels.
const shape = [2, 1, 3] as const;
const split = {
  images: Uint8Array.from({ length: 7 * 6 }, (_, i) => i * 6),
  labels: Uint8Array.from({ length: 7 }, (_, i) => i),
  count: 7,
};
const normalisation = { shape, mean: [0.5, 0.25], std: [0.5, 2] };

describe('floatImages', () => {
  it('normalises by channel, channels first', () => {
    const floats = floatImages(split, [1], normalisation);
    const expected = [0, 1, 2, 3, 4, 5].map((p) => {
      const scaled = split.images[6 + p]! / 255;
      return p < 3 ? (scaled - 0.5) / 0.5 : (scaled - 0.25) / 2;
    });
    expect(floats).toHaveLength(6);
    for (const [p, value] of floats.entries()) expect(value).toBeCloseTo(expected[p]!, 6);
  });

  it('gives the same values in channels-last order', () => {
    const [a, b, c, d, e, f] = floatImages(split, [3], normalisation);
    expect([...floatImages(split, [3], { ...normalisation, layout: 'HWC' })]).toEqual([a, d, b, e, c, f]);
  });
});

describe('shuffledIndices', () => {
  it('returns a permutation that the seed decides', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer(), (count, seed) => {
        const order = shuffledIndices(count, seed);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(shuffledIndices(count, seed)).toEqual(order);
      }),
    );
    expect(shuffledIndices(100, 1)).not.toEqual(shuffledIndices(100, 2));
  });

  it('puts every number at every position about equally often', () => {
    const first = Array.from({ length: 5 }, () => 0);
    for (let seed = 0; seed < 5000; seed++) first[shuffledIndices(5, seed)[0]!]!++;
    // Allows five standard deviations of a fair shuffle.
    for (const count of first) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(800));
  });
});

describe('floatBatches', () => {
  const labels = (options: object) =>
    [...floatBatches(split, { ...normalisation, size: 3, ...options })].map((batch) => [...batch.labels]);

  it('keeps the order and the smaller last batch without a seed', () => {
    expect(labels({})).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  });

  it('shuffles images together with their labels, and drops the incomplete last batch', () => {
    const batches = [...floatBatches(split, { ...normalisation, size: 3, seed: 4 })];
    expect(batches.map(({ count }) => count)).toEqual([3, 3]);
    for (const { images, labels } of batches)
      expect(images).toEqual(floatImages(split, labels, normalisation));
    expect(new Set(batches.flatMap((batch) => [...batch.labels])).size).toBe(6);
  });

  it('takes only the first images if `limit` is given', () => {
    expect(labels({ limit: 4 })).toEqual([[0, 1, 2], [3]]);
    expect(labels({ limit: 4, keepLast: false })).toEqual([[0, 1, 2]]);
    expect(
      labels({ limit: 4, seed: 1 })
        .flat()
        .every((label) => label < 4),
    ).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses the size %s', (size) => {
    expect(() => labels({ size })).toThrow(`Received: size = ${size}`);
  });

  it('refuses a size above the number of images if incomplete batches are dropped', () => {
    expect(() => labels({ size: 8, seed: 1 })).toThrow('Received: size = 8');
  });
});
