import { expect, it } from 'vitest';
import { padded } from './exampleData.ts';

it('copies bytes only if they need padding, or are in shared memory', () => {
  const floats = Float32Array.of(1, 2);
  expect(padded(floats).buffer).toBe(floats.buffer);
  expect(padded(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3, 0));
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set([1, 2, 3, 4, 5, 6, 7, 8]);
  const copy = padded(shared.subarray(4));
  expect(copy).toEqual(Uint8Array.of(5, 6, 7, 8));
  expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
});
