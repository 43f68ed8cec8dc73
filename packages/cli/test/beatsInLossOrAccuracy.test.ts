import { describe, expect, it } from 'vitest';
import { beatsInLossOrAccuracy } from '../src/training/beatsInLossOrAccuracy.ts';

const constant = { loss: 0.69, accuracy: 0.5 };

describe('beatsInLossOrAccuracy', () => {
  it.each([
    ['a lower loss', { loss: 0.6, accuracy: 0.5 }, true],
    ['a higher loss with a higher accuracy', { loss: 20, accuracy: 0.8 }, true],
    ['a higher loss with the same accuracy', { loss: 20, accuracy: 0.5 }, false],
    ['the same metrics', constant, false],
  ])('a classifier with %s', (_, metrics, expected) => {
    expect(beatsInLossOrAccuracy(metrics, constant)).toBe(expected);
  });

  it('compares the losses alone if there is no accuracy', () => {
    expect([
      beatsInLossOrAccuracy({ loss: 1 }, { loss: 2 }),
      beatsInLossOrAccuracy({ loss: 2 }, { loss: 2 }),
    ]).toEqual([true, false]);
  });
});
