import { hasOracle, readOracle } from '@clr/tooling/oracle';
import { describe, expect, it } from 'vitest';
import { libraryRules } from './libraries.ts';
import type { Sweep } from './sweeps.ts';

interface OracleSetting {
  readonly curves: readonly {
    readonly id: string;
    readonly schedule: 'exp' | 'linear';
    readonly startLr: number;
    readonly endLr: number;
    readonly lr: readonly number[];
    readonly loss: readonly (number | null)[];
    readonly views: {
      readonly fastai: { readonly suggestions: { readonly float64: Record<string, { lr?: number }> } };
    };
  }[];
}

const oracle = hasOracle();

const nameInOracle: Readonly<Record<string, string>> = {
  'fastai valley': 'valley',
  'fastai slide': 'slide',
  'fastai minimum/10': 'minimum',
  'fastai steep': 'steep',
};

describe.runIf(oracle)("fastai's rules, on its own curves", () => {
  const curves = oracle ? readOracle<OracleSetting[]>('lrfind_mlp.json').flatMap((one) => one.curves) : [];
  const rules = libraryRules.filter(({ name }) => name in nameInOracle);
  it.each(rules)('$name', ({ name, suggest }) => {
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
      const expected = views.fastai.suggestions.float64[nameInOracle[name]!]?.lr ?? null;
      const actual = suggest(loss, sweep);
      if (expected === null) expect(actual).toBeNull();
      else expect(actual! / expected).toBeCloseTo(1, 9);
    }
  });
});

describe('answers to NaN', () => {
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

  it('pytorch-lr-finder takes NaN for the steepest descent', () => {
    expect(answerOf('pytorch-lr-finder steepest')).toBe(sweep.lr(59));
  });

  it('Lightning and fastai leave it out', () => {
    expect(answerOf('Lightning steepest')).toBeLessThan(sweep.lr(60));
    expect(answerOf('fastai minimum/10')).toBe(sweep.lr(59) / 10);
  });
});
