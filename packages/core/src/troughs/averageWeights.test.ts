import { describe, expect, it } from 'vitest';
import { linearTrainable } from '../../test/linearTrainable.ts';
import { averageWeights, ClrError } from '../index.ts';
import { averagingWeights } from './averagingWeights.ts';

const states = [1, 2, 4].map((w) => ({ w, v: w, updates: w }));

it('averageWeights refuses batches that cannot be iterated', async () => {
  for (const batches of [{ batches: [] }, () => [], 7, null]) {
    await expect(averageWeights(linearTrainable(), states, batches as never)).rejects.toThrow(
      '[clr/core] Expected batches that can be iterated',
    );
  }
});

describe('averageWeights with weights', () => {
  it('counts each snapshot by its weight, in any scale', async () => {
    const mean = (weights?: readonly number[]) =>
      averageWeights(linearTrainable(), states, undefined, weights);
    expect(await mean([0, 0, 1])).toEqual({ w: 4, v: 4, updates: 4 });
    expect(await mean([1, 2, 1])).toMatchObject({ w: 2.25 });
    expect(await mean([10, 20, 10])).toMatchObject({ w: 2.25 });
    expect(await mean()).toEqual(await mean([1, 1, 1]));
  });

  it.each<[string, unknown]>([
    ['too few weights', [1, 1]],
    ['a negative weight', [1, -1, 1]],
    ['a weight of NaN', [1, Number.NaN, 1]],
    ['weights with an infinite sum', [1e308, 1e308, 1e308]],
    ['weights that are all 0', [0, 0, 0]],
    ['a weight that is a string', ['1', 1, 1]],
    ['a list with holes', new Array(3)],
    ['a number in place of the list', 3],
    ['null in place of the list', null],
  ])('refuses %s', (_, weights) => {
    expect(() => averagingWeights(states, weights as never)).toThrow(ClrError);
  });
});
