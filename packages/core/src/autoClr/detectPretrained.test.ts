import { describe, expect, it } from 'vitest';
import { detectPretrained } from './detectPretrained.ts';

describe('detectPretrained', () => {
  it.each([
    ['well trained', 0.97, 0.1, true],
    ['trained on two classes', 0.75, 0.5, true],
    ['half trained on ten classes', 0.6, 1.1, false],
    ['hardly trained on ten classes', 0.33, 1.88, false],
  ])('judges a model that is %s', (_, accuracy, loss, trained) => {
    expect(detectPretrained({ loss, accuracy })?.trained).toBe(trained);
  });

  it.each([
    ['guesses among two classes', 0.5, Math.log(2)],
    ['guesses among ten classes', 0.1, Math.log(10)],
    ['guesses with some luck', 0.13, Math.log(10)],
    ['always predicts a class that nine in ten examples have', 0.9, Math.log(2)],
    ['has an accuracy of 0', 0, 0.1],
  ])('sees no sign of training in a model that %s', (_, accuracy, loss) => {
    expect(detectPretrained({ loss, accuracy })?.trained ?? false).toBe(false);
    if (accuracy < 0.9) expect(detectPretrained({ loss, accuracy })).toBeUndefined();
  });

  it('gives no answer without an accuracy, or without a finite loss', () => {
    expect(detectPretrained({ loss: 0.001 })).toBeUndefined();
    expect(detectPretrained({ loss: null, accuracy: 1 })).toBeUndefined();
    expect(detectPretrained(undefined)).toBeUndefined();
  });

  it('names the metrics behind its answer', () => {
    expect(detectPretrained({ loss: 0.1, accuracy: 0.97 })?.reason).toMatch(
      /^The model is already trained: accuracy 0\.970 at a loss of 0\.100/,
    );
  });
});
