import type { TrainingRun } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { compare, describeComparison } from './compare.ts';

function run(...accuracies: number[]): TrainingRun {
  const troughs = accuracies.map((accuracy, cycle) => ({ step: 100 * (cycle + 1), cycle, accuracy }));
  const final = { accuracy: accuracies.at(-1)! };
  return { version: 1, from: 0, step: 100 * accuracies.length, steps: [], troughs, final };
}

describe('compare', () => {
  it('finds the first trough at which CLR is as good as the fixed run at its end', () => {
    const result = compare(run(0.9, 0.97, 0.98, 0.99), run(0.91, 0.94, 0.95, 0.97));
    expect(result).toEqual({
      clrFinal: 0.99,
      fixedFinal: 0.97,
      steps: 400,
      clrReached: 200,
      fixedReached: 400,
    });
    expect(describeComparison(result)[0]).toContain(
      '97.00 %, within 200 of 400 steps; the fixed run first had it after 400: a ratio of 2.0',
    );
  });

  it('gives the fixed run credit for having been there before', () => {
    const result = compare(run(0.9, 0.97), run(0.98, 0.97));
    expect([result.clrReached, result.fixedReached]).toEqual([200, 100]);
    expect(describeComparison(result)[0]).toContain('a ratio of 0.5');
  });

  it('says so when CLR never got there', () => {
    const words = describeComparison(compare(run(0.1, 0.1), run(0.9, 0.95)));
    expect(words[0]).toBe("CLR did not reach the fixed run's final accuracy, 95.00 %, in its 200 steps.");
    expect(words[2]).toContain('about 0.22 points');
  });
});
