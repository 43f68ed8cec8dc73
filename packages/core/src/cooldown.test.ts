import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPolicy } from '../test/arbitraries.ts';
import { examples, linearTrainable } from '../test/linearTrainable.ts';
import { cooldown } from './cooldown.ts';
import { PolicyError } from './errors.ts';
import { constant } from './policies/constant.ts';
import { decay } from './policies/decay.ts';
import { toSchedule } from './toSchedule.ts';
import { train } from './train/train.ts';

describe('cooldown', () => {
  it('follows the policy up to a step, then decays from its rate there, and ends at a trough', () => {
    const step = fc.integer({ min: 0, max: 300 });
    const steps = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(anyPolicy, step, steps, (policy, step, steps) => {
        const own = toSchedule(policy);
        fc.pre(own.lr(step) > 0);
        const cooled = toSchedule(cooldown(policy, { from: { step }, steps }));
        const down = toSchedule(decay({ maxLr: own.lr(step), steps, warmup: 0 }));
        for (const t of [0, step - 1].filter((t) => t >= 0 && t < step)) expect(cooled.lr(t)).toBe(own.lr(t));
        for (const t of [0, Math.floor(steps / 2), steps, steps + 9])
          expect(cooled.lr(step + t)).toBe(down.lr(t));
        expect(cooled.at(step).cycleEnd).toBe(step + steps);
      }),
    );
  });

  it('trains from a checkpoint, from which the run itself can still continue', async () => {
    const policy = constant({ lr: 0.02 });
    const trainable = linearTrainable();
    await train(trainable, examples, { policy, steps: 20 });
    const from = { step: 20, snapshot: await trainable.snapshot() };
    const cooled = await train(trainable, examples, {
      policy: cooldown(policy, { from, steps: 10 }),
      steps: 30,
      from,
    });
    expect(cooled.troughs.map(({ step }) => step)).toEqual([30]);
    expect(cooled.steps.map(({ lr }) => lr / 0.02).map((share) => share.toFixed(1))).toEqual(
      Array.from({ length: 10 }, (_, i) => (1 - i / 10).toFixed(1)),
    );
    await train(trainable, examples, { policy, steps: 40, from });
    const onward = trainable.state;
    const straight = linearTrainable();
    await train(straight, examples, { policy, steps: 40 });
    expect(onward).toEqual(straight.state);
  });

  it('takes a shape and a final rate, as a decay does', () => {
    const policy = constant({ lr: 0.1 });
    const { lr } = toSchedule(
      cooldown(policy, { from: { step: 5 }, steps: 4, shape: 'sqrt', finalLr: 0.02 }),
    );
    expect(lr(6)).toBeCloseTo(0.02 + 0.08 * (1 - Math.sqrt(1 / 4)), 12);
    expect(lr(9)).toBe(0.02);
  });

  it.each([
    ['a number in place of a checkpoint', { from: 20, steps: 5 }, 'from'],
    ['a step that is not an integer', { from: { step: 0.5 }, steps: 5 }, 'from.step'],
    ['no steps', { from: { step: 1 }, steps: 0 }, 'steps'],
    ['a final rate above the current rate', { from: { step: 1 }, steps: 5, finalLr: 1 }, 'finalLr'],
    ['a run that has cooled down', { from: { step: 50 }, steps: 5 }, 'from.step'],
  ])('refuses %s', (_, options, field) => {
    const make = () => cooldown(decay({ maxLr: 0.1, steps: 50, warmup: 0 }), options as never);
    expect(make).toThrow(PolicyError);
    expect(make).toThrow(field);
  });
});
