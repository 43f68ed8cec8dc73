import rangeTests from '@clr/tooling/oracle/range_tests.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { libraryRules } from './libraries.ts';
import type { Sweep } from './sweeps.ts';

const rules = {
  'fastai valley': 'valley',
  'fastai slide': 'slide',
  'fastai minimum/10': 'minimum',
  'fastai steep': 'steep',
} as const;

describe("fastai's rules, on recorded sweeps", () => {
  const curves = rangeTests.curves.filter((curve) => 'setting' in curve);
  it.each(Object.entries(rules))('%s gives the rates that PyTorch computed', (name, rule) => {
    const { suggest } = libraryRules.find((one) => one.name === name)!;
    expect(curves.length).toBeGreaterThan(20);
    for (const { schedule, startLr, endLr, lr, loss, views } of curves) {
      const sweep: Sweep = {
        name: 'fastai',
        spacing: schedule === 'exp' ? 'exponential' : 'linear',
        startLr,
        endLr,
        steps: lr.length,
        lr: (step) => lr[step]!,
      };
      const expected = views.find((view) => view.name === 'fastai')!.rules[rule];
      const actual = suggest(loss, sweep);
      if (expected === null) expect(actual).toBeNull();
      else expect(actual! / expected).toBeCloseTo(1, 9);
    }
  });
});

describe('rules for curves with NaN', () => {
  const sweep: Sweep = {
    name: 'fastai',
    spacing: 'exponential',
    startLr: 1e-5,
    endLr: 10,
    steps: 100,
    lr: (step) => 1e-5 * 10 ** (0.06 * step),
  };
  const losses = [...Array.from({ length: 60 }, (_, step) => 2 - step / 60), null];
  const answerOf = (name: string): number | null =>
    libraryRules.find((rule) => rule.name === name)!.suggest(losses, sweep);

  it('pytorch-lr-finder treats NaN as the steepest descent', () => {
    expect(answerOf('pytorch-lr-finder steepest')).toBe(sweep.lr(59));
  });

  it('Lightning and fastai ignore NaN', () => {
    expect(answerOf('Lightning steepest')).toBeLessThan(sweep.lr(60));
    expect(answerOf('fastai minimum/10')).toBe(sweep.lr(59) / 10);
  });
});
