import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import { averageWeights, constant, decay, decayWeights, toSchedule, train, triangular } from '../index.ts';

describe('decayWeights', () => {
  it('counts every update of a run at a constant rate by the share of the rate that the decay leaves', async () => {
    const trainable = linearTrainable();
    const states: { w: number }[] = [{ ...trainable.state }];
    await train(trainable, examples, {
      policy: constant({ lr: 0.02 }),
      steps: 60,
      onStep: () => void states.push({ ...trainable.state }),
    });
    for (const shape of ['linear', 'cosine', 'sqrt', 'rex', { power: 2 }] as const) {
      const policy = decay({ maxLr: 0.02, steps: 40, warmup: 0, shape });
      // With a snapshot after each step, `wanted` is the definition, update by update.
      const steps = Array.from({ length: 41 }, (_, index) => 20 + index);
      const { lr } = toSchedule(policy);
      const wanted = steps
        .slice(1)
        .reduce(
          (sum, step) => sum + (lr(step - 21) / 0.02) * (states[step]!.w - states[step - 1]!.w),
          states[20]!.w,
        );
      const kept = steps.map((step) => states[step]!);
      const mean = await averageWeights(trainable, kept, undefined, decayWeights(steps, policy));
      expect((mean as { w: number }).w).toBeCloseTo(wanted, 12);
    }
  });

  it('gives weights of at least 0 with a sum of 1, for any steps', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(gaps, fc.nat(1000), fc.double({ min: 0.1, max: 4, noNaN: true }), (gaps, start, power) => {
        const steps = [start];
        for (const gap of gaps) steps.push(steps.at(-1)! + gap);
        const length = steps.at(-1)! - start;
        const weights = decayWeights(steps, decay({ maxLr: 3, steps: length, warmup: 0, shape: { power } }));
        expect(weights.length).toBe(steps.length);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('gives all weight to the last snapshot if nothing decays', () => {
    expect(decayWeights([5, 6, 9], constant({ lr: 2 }))).toEqual([0, 0, 1]);
  });

  it.each<[string, readonly number[], Parameters<typeof decayWeights>[1], RegExp]>([
    ['one snapshot', [5], constant({ lr: 1 }), /steps/],
    ['steps that do not rise', [5, 5], constant({ lr: 1 }), /steps\[1\] to be above 5/],
    ['a fraction of a step', [5, 5.5], constant({ lr: 1 }), /steps\[1\]/],
    ['a decay that is too long', [0, 1e12], constant({ lr: 1 }), /at most 100000000 steps/],
    ['a rate that rises', [0, 3, 6], triangular({ baseLr: 1, maxLr: 2, stepSize: 4 }), /falls or stays/],
    ['a rate of 0', [0, 3], () => 0, /above 0/],
    ['a warm-up', [0, 20], decay({ maxLr: 1, steps: 20 }), /above 0/],
  ])('refuses %s', (_, steps, schedule, message) => {
    expect(() => decayWeights(steps, schedule)).toThrow(message);
  });
});
