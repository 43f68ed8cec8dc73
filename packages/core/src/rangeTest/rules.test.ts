import rangeTests from '@clr/tooling/oracle/range_tests.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { minimum, type Rule, slide, steepest, valley } from './rules.ts';

const rules: Record<string, Rule> = { valley, slide, minimum, steep: steepest };

/** fastai's running average of losses. */
function smooth(losses: readonly (number | null)[]): number[] {
  let average = 0;
  return losses.map((loss, step) => {
    average = 0.98 * average + (1 - 0.98) * (loss ?? Number.NaN);
    return average / (1 - 0.98 ** (step + 1));
  });
}

describe('the classic rules', () => {
  it.each(rangeTests.curves)("give fastai's rates on $id", ({ lr, loss, views }) => {
    expect(views).not.toHaveLength(0);
    for (const { name, slice, rules: answers } of views) {
      const losses = (name === 'raw' ? (loss as number[]) : smooth(loss)).slice(...slice);
      for (const [rule, expected] of Object.entries(answers)) {
        const answer = rules[rule]!(lr.slice(...slice), losses);
        if (expected === null) expect(answer, `${name} ${rule}`).toBeNull();
        else expect(answer! / expected, `${name} ${rule}`).toBeCloseTo(1, 9);
      }
    }
  });
});

describe('every classic rule', () => {
  it.each(Object.entries(rules))('%s gives no rate for an empty curve', (_, rule) => {
    expect(rule([], [])).toBeNull();
  });

  it('minimum is a tenth of the rate of the lowest loss', () => {
    expect(minimum([1, 2, 3], [5, 1, 4])).toBe(0.2);
  });

  it('steepest is the rate at which the loss falls fastest per decade', () => {
    expect(steepest([0.01, 0.1, 1, 10], [3, 2.9, 1, 2])).toBe(0.1);
  });
});
