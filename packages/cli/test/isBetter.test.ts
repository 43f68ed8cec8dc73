import { describe, expect, it } from 'vitest';
import { isBetter } from '../src/training/isBetter.ts';

const constant = { loss: 0.69, accuracy: 0.5 };

describe('isBetter', () => {
  it.each([
    ['a lower loss', { loss: 0.6, accuracy: 0.5 }, true],
    ['a higher loss with a higher accuracy', { loss: 20, accuracy: 0.8 }, true],
    ['a higher loss with the same accuracy', { loss: 20, accuracy: 0.5 }, false],
    ['the same metrics', constant, false],
  ])('a classifier with %s', (_, metrics, expected) => {
    expect(isBetter(metrics, constant)).toBe(expected);
  });

  it('compares the losses alone if there is no accuracy', () => {
    expect([isBetter({ loss: 1 }, { loss: 2 }), isBetter({ loss: 2 }, { loss: 2 })]).toEqual([true, false]);
  });
});
