import { expect, it } from 'vitest';
import { pickClasses } from './pickClasses.ts';

const split = {
  images: Uint8Array.from({ length: 24 }, (_, i) => 10 * Math.floor(i / 2) + (i % 2)),
  labels: Uint8Array.from({ length: 12 }, (_, i) => i % 4),
  count: 12,
};

it('pickClasses picks all images of some classes, and renumbers the classes from 0', () => {
  const { images, labels, count } = pickClasses(split, [3, 1]);
  expect(count).toBe(6);
  const pairs = Array.from({ length: count }, (_, i) => [images[2 * i]! / 10, labels[i]!]);
  expect(pairs.map(([image]) => image).sort((a, b) => a! - b!)).toEqual([1, 3, 5, 7, 9, 11]);
  for (const [i, [image, label]] of pairs.entries()) {
    expect(label).toBe(image! % 4 === 3 ? 0 : 1);
    expect(images[2 * i + 1]).toBe(images[2 * i]! + 1);
  }
});

it('pickClasses picks the given number of images, the same for the same seed', () => {
  const some = pickClasses(split, [0, 1, 2], { limit: 4, seed: 7 });
  expect(some.count).toBe(4);
  expect(pickClasses(split, [0, 1, 2], { limit: 4, seed: 7 })).toEqual(some);
  expect(pickClasses(split, [0, 1, 2], { seed: 7 }).images.subarray(0, 8)).toEqual(some.images);
  expect(pickClasses(split, [0, 1, 2], { limit: 4, seed: 8 })).not.toEqual(some);
});
