import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import {
  checkHyperparameters,
  constant,
  type Hyper,
  PolicyError,
  parseRun,
  type ScheduleLike,
  sequence,
  toSchedule,
  train,
  triangular,
} from '../index.ts';

const policy = constant({ lr: 0.05 });
const waves = triangular({ baseLr: 0.001, maxLr: 0.1, stepSize: 3 });

const run = (hyper: Hyper | undefined, rest = {}, trainable = linearTrainable()) =>
  train(trainable, examples, { policy, steps: 12, ...(hyper && { hyper }), ...rest });

describe('hyper of train', () => {
  it('sets and records the values of every step', async () => {
    const trainable = linearTrainable();
    const record = await run({ weightDecay: waves, momentum: (step) => step / 20 }, {}, trainable);
    const decay = toSchedule(waves);
    for (const [step, { hyper }] of trainable.seen.entries()) {
      expect(hyper).toEqual({ lr: 0.05, weightDecay: decay.lr(step), momentum: step / 20 });
      expect(record.steps[step]?.hyper).toEqual({ weightDecay: decay.lr(step), momentum: step / 20 });
    }
    expect(record.hyper).toEqual({ weightDecay: waves });
    expect(parseRun(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  it('refuses a momentum that the policy sets too, even in a middle stage', async () => {
    const policy = sequence([
      { policy: constant({ lr: 0.01 }), steps: 2 },
      {
        policy: triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 2, momentum: { base: 0.8, max: 0.95 } }),
        steps: 4,
      },
      { policy: constant({ lr: 0.01 }), steps: 2 },
    ]);
    const { lr, momentum } = toSchedule(policy);
    const trainable = linearTrainable();
    const call = (policy: ScheduleLike) =>
      train(trainable, examples, { policy, steps: 8, hyper: { momentum: 0.5 } });
    await expect(call(policy)).rejects.toThrow('hyper.momentum');
    expect(trainable.seen).toHaveLength(0);
    // The steps at which a schedule of functions sets the momentum are known only when it is called.
    await expect(call({ lr, momentum })).rejects.toThrow('the policy sets the momentum at step 2');
    expect(trainable.seen).toHaveLength(2);
  });

  it('changes nothing if it is not given', async () => {
    const record = await run(undefined);
    expect(record).not.toHaveProperty('hyper');
    expect(record.steps[0]).not.toHaveProperty('hyper');
  });

  it('resumes with the values of the later steps', async () => {
    const whole = linearTrainable();
    const record = await run({ weightDecay: waves }, {}, whole);
    const first = linearTrainable();
    await run({ weightDecay: waves }, { steps: 5 }, first);
    const second = linearTrainable();
    const from = { step: 5, snapshot: await first.snapshot() };
    const rest = await run({ weightDecay: waves }, { from }, second);
    expect(second.state).toEqual(whole.state);
    expect(rest.steps).toEqual(record.steps.slice(5));
  });

  it.each<[string, Hyper, RegExp]>([
    [
      'a name that is not supported',
      { clipNorm: 1 },
      /hyper\.clipNorm to be absent: this Trainable takes lr, momentum, weightDecay\.\nReceived: hyper\.clipNorm = 1/,
    ],
    ['the learning rate as a field of hyper', { lr: 0.1 }, /hyper\.lr to be absent/],
    ['a name from Object.prototype', { constructor: 1 }, /hyper\.constructor to be absent/],
    ['a number out of range', { weightDecay: -1 }, /hyper\.weightDecay to be a finite number of at least 0/],
    [
      'a function out of range at the end',
      { momentum: (step) => step },
      /hyper\.momentum\(11\) to be .* in \[0, 1\)/,
    ],
    ['a policy out of range', { momentum: constant({ lr: 1 }) }, /hyper\.momentum\(0\) to be .* in \[0, 1\)/],
    ['a string', { weightDecay: '0.1' as never }, /weightDecay/],
    ['undefined', { weightDecay: undefined as never }, /weightDecay|policy/],
    ['a number in place of the object', 0.1 as never, /hyper to be an object/],
  ])('refuses %s before the first step', async (_, hyper, message) => {
    const trainable = linearTrainable();
    await expect(run(hyper, {}, trainable)).rejects.toThrow(message);
    await expect(run(hyper, {}, trainable)).rejects.toThrow(PolicyError);
    expect(trainable.seen).toEqual([]);
  });

  it('refuses a momentum if the policy has one', async () => {
    const cycled = triangular({ baseLr: 0.1, maxLr: 0.2, stepSize: 2, momentum: { base: 0.8, max: 0.9 } });
    await expect(run({ momentum: 0.5 }, { policy: cycled })).rejects.toThrow(
      'this Trainable takes lr, weightDecay.',
    );
  });

  it('refuses all names if the Trainable lists none', async () => {
    const { hyperparameters: _, ...bare } = linearTrainable();
    await expect(train(bare, examples, { policy, steps: 1, hyper: { weightDecay: 0 } })).rejects.toThrow(
      'hyper.weightDecay to be absent: this Trainable takes lr.',
    );
  });
});

describe('checkHyperparameters with a list of names', () => {
  const check = (hyper: object, takes: readonly string[]) => () =>
    checkHyperparameters({ lr: 0.1, ...hyper }, 'sgd', takes);

  it('accepts listed names with values in range', () => {
    const all = ['momentum', 'weightDecay', 'clipNorm', 'temperature'];
    check({ momentum: 0.9, weightDecay: 0, clipNorm: 1, temperature: 2, absent: undefined }, all)();
    expect(check({ clipNorm: 0 }, all)).toThrow('clipNorm to be a finite number above 0');
    expect(check({ weightDecay: -1 }, all)).toThrow('weightDecay to be');
    expect(check({ temperature: Number.NaN }, all)).toThrow('temperature to be');
  });

  it('refuses names that are not listed, even at 0; a momentum of 0 is accepted', () => {
    expect(check({ weightDecay: 0 }, ['momentum'])).toThrow('this Trainable takes lr, momentum.');
    expect(check({ weightDecay: 0.1 }, [])).toThrow('this Trainable takes lr.');
    expect(check({ momentum: 0.1 }, ['weightDecay'])).toThrow('no velocity');
    check({ momentum: 0 }, [])();
  });
});
