import { describe, expect, it } from 'vitest';
import { checkShape } from './checkShape.ts';
import { checkValues } from './checkValues.ts';

describe('checkShape', () => {
  it.each<[readonly number[], readonly (number | string)[] | undefined]>([
    [
      [9, 3, 32, 32],
      ['n', 3, 32, 32],
    ],
    [
      [9, 3, 64, 48],
      ['n', 3, 'h', 'w'],
    ],
    [[9], ['n']],
    [[9, 7], undefined],
  ])('accepts an array of shape %j for a model input of shape %j', (dims, wanted) => {
    expect(() => checkShape('x', dims, wanted)).not.toThrow();
  });

  it.each<[readonly number[], readonly (number | string)[], string]>([
    [[9, 32, 32, 3], ['n', 3, 32, 32], 'x.transpose(0, 3, 1, 2)'],
    [[9, 3, 32, 32], ['n', 32, 32, 3], 'x.transpose(0, 2, 3, 1)'],
    [[9, 28, 28], ['n', 1, 28, 28], 'x[:, None]'],
    [[9, 28, 28], ['n', 28, 28, 1], 'x[..., None]'],
    [[9, 784], ['n', 1, 28, 28], 'x.reshape(-1, 1, 28, 28)'],
    [[9, 5], ['n', 4], 'Received: [5], of an array [9, 5]'],
  ])('gives advice for an array of shape %j and a model input of shape %j', (dims, wanted, words) => {
    expect(() => checkShape('x', dims, wanted)).toThrow(words);
  });
});

const floats = (...numbers: number[]) =>
  ({ type: 'float32', dims: [2, numbers.length / 2], data: Float32Array.from(numbers) }) as const;
const labels = (...numbers: number[]) =>
  ({ type: 'int64', dims: [numbers.length], data: BigInt64Array.from(numbers, BigInt) }) as const;

describe('checkValues', () => {
  it('gives no advice for good data', () => {
    expect(checkValues({ x: floats(0.5, -1, 2, 0), target: labels(0, 2) }, { classes: 3 })).toEqual([]);
  });

  it('gives advice for raw pixels and constant inputs', () => {
    expect(checkValues({ x: floats(0, 255, 3, 4) })[0]).toContain('Divide them by 255');
    expect(checkValues({ x: floats(2, 2, 2, 2) })[0]).toContain('is 2 everywhere');
  });

  it.each<[string, Parameters<typeof checkValues>[0], string]>([
    ['NaN', { x: floats(1, 2, 3, Number.NaN) }, 'NaN in row 1, at position 1'],
    ['labels from 1', { target: labels(1, 2, 3) }, 'They are numbered from 1: subtract 1.'],
    ['labels above the number of classes', { target: labels(0, 7) }, '--head 8'],
    ['negative labels', { target: labels(-1, 1) }, 'labels from -1 to 1'],
  ])('refuses %s', (_, values, words) => {
    expect(() => checkValues(values, { classes: 3 })).toThrow(words);
  });
});
