import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examples, type LinearTrainable, linearTrainable } from '../../test/linearTrainable.ts';
import { constant, rangeTest, sequence, toSchedule, triangular, triangular2 } from '../index.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { type TrainOptions, train } from './train.ts';

const policy = triangular2({
  baseLr: 0.01,
  maxLr: 0.2,
  stepSize: 3,
  stepSizeDown: 2,
  momentum: { base: 0.3, max: 0.8 },
});
type Options = Partial<TrainOptions<(typeof examples)[number]>>;

const run = (trainable: LinearTrainable, options: Options) =>
  train(trainable, examples, { policy, steps: 20, ...options });

describe('train', () => {
  it.each(['signal', 'stopAtTrough'] as const)(
    'refuses an AbortController as %s before it takes a step',
    async (name) => {
      const trainable = linearTrainable();
      const options = { [name]: new AbortController() as never };
      await expect(run(trainable, options)).rejects.toThrow(`Expected ${name} to be an AbortSignal`);
      await expect(
        rangeTest(trainable, examples, { signal: new AbortController() as never }),
      ).rejects.toThrow('Expected signal to be an AbortSignal');
      expect(trainable.seen).toEqual([]);
    },
  );

  it('takes step k with exactly the rate and momentum of step k', async () => {
    const trainable = linearTrainable();
    const { steps } = await run(trainable, {});
    const schedule = toSchedule(policy);
    for (const [step, { hyper }] of trainable.seen.entries()) {
      expect(hyper).toEqual({ lr: schedule.lr(step), momentum: schedule.momentum(step) });
    }
    expect(steps.map(({ step, lr }) => [step, lr])).toEqual(
      Array.from({ length: 20 }, (_, step) => [step, schedule.lr(step)]),
    );
  });

  it('sets no momentum if the policy has none', async () => {
    const trainable = linearTrainable();
    await run(trainable, { policy: constant({ lr: 0.1 }), steps: 1 });
    expect(trainable.seen[0]?.hyper).toEqual({ lr: 0.1 });
  });

  it('reads the batches again for every epoch', async () => {
    const trainable = linearTrainable();
    await run(trainable, {});
    expect(trainable.seen.map(({ batch }) => batch)).toEqual(
      Array.from({ length: 20 }, (_, step) => examples[step % examples.length]),
    );
  });

  it('calls a function for the batches of each epoch', async () => {
    const trainable = linearTrainable();
    const epochs: number[] = [];
    const batches = (epoch: number) => {
      epochs.push(epoch);
      return epoch % 2 ? [...examples].reverse() : examples;
    };
    await train(trainable, batches, { policy, steps: 15 });
    expect(epochs).toEqual([0, 1, 2]);
    expect(trainable.seen[7]?.batch).toBe(examples[6]);
  });

  it('records the losses before each update in order, even if they arrive late', async () => {
    const early = await run(linearTrainable(), { steps: 50 });
    const late = await run(linearTrainable({ late: true }), { steps: 50 });
    expect(late).toEqual(early);
    expect(early.steps[0]?.loss).toBe(examples[0]!.y ** 2);
  });

  it('returns plain JSON', async () => {
    const record = await run(linearTrainable(), { evaluate: examples });
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  });

  it('reports every trough, with its metrics and a snapshot, before the next step', async () => {
    const trainable = linearTrainable();
    const seen: object[] = [];
    const record = await run(trainable, {
      steps: 12,
      evaluate: examples,
      onCycleEnd: async ({ step, cycle, snapshot, loss }) => {
        seen.push({ step, cycle, loss, snapshot: await snapshot(), updates: trainable.state.updates });
      },
    });
    expect(seen).toMatchObject([
      { step: 5, cycle: 0, updates: 5, snapshot: { updates: 5 } },
      { step: 10, cycle: 1, updates: 10, snapshot: { updates: 10 } },
    ]);
    expect(record.troughs).toEqual([
      { step: 5, cycle: 0, loss: expect.any(Number) },
      { step: 10, cycle: 1, loss: expect.any(Number) },
    ]);
    expect(record.final).toEqual(await trainable.evaluate(examples));
  });

  it('stops cleanly between two steps', async () => {
    const trainable = linearTrainable({ late: true });
    const controller = new AbortController();
    const record = await run(trainable, {
      signal: controller.signal,
      onStep: ({ step }) => {
        if (step === 2) controller.abort();
      },
    });
    expect(record.stopped).toEqual({ step: record.step, reason: 'aborted' });
    expect(record.step).toBeLessThan(20);
    expect(record.steps.length).toBe(trainable.state.updates);
    expect(record.step).toBe(trainable.state.updates);
  });

  it('takes no step if it is already aborted', async () => {
    const trainable = linearTrainable();
    const record = await run(trainable, { signal: AbortSignal.abort() });
    expect(record).toMatchObject({ step: 0, steps: [], stopped: { step: 0, reason: 'aborted' } });
    expect(trainable.state.updates).toBe(0);
  });

  it('completes the cycle if it is asked to stop at a trough', async () => {
    const trainable = linearTrainable();
    const stopAtTrough = { aborted: false };
    const record = await run(trainable, {
      evaluate: examples,
      stopAtTrough,
      onStep: ({ step }) => {
        if (step === 6) stopAtTrough.aborted = true;
      },
    });
    expect(record.stopped).toEqual({ step: 10, reason: 'ended' });
    expect(record.troughs.map(({ step }) => step)).toEqual([5, 10]);
    expect(record.final).toEqual(await trainable.evaluate(examples));
    expect(trainable.state.updates).toBe(10);
  });

  it('stops at once if it is asked at a trough, also before the first step', async () => {
    const stopAtTrough = { aborted: false };
    const onCycleEnd = () => {
      stopAtTrough.aborted = true;
    };
    expect((await run(linearTrainable(), { stopAtTrough, onCycleEnd })).step).toBe(5);
    expect((await run(linearTrainable(), { stopAtTrough })).step).toBe(0);
  });

  it('does not evaluate after an abort', async () => {
    const trainable = linearTrainable();
    const controller = new AbortController();
    const { evaluate } = trainable;
    let evaluations = 0;
    trainable.evaluate = (batches) => {
      evaluations++;
      controller.abort();
      return evaluate(batches);
    };
    const record = await run(trainable, { evaluate: examples, signal: controller.signal });
    expect(evaluations).toBe(1);
    expect(record).toMatchObject({ step: 5, troughs: [{ step: 5, cycle: 0 }] });
    expect(record.final).toBeUndefined();
  });

  it('stops when the loss is no longer finite', async () => {
    const trainable = linearTrainable({
      result: (step, honest) => (step === 4 ? { loss: Number.NaN } : honest),
    });
    const record = await run(trainable, {});
    expect(record.stopped).toEqual({ step: 5, reason: 'diverged' });
    expect(record.steps[4]?.loss).toBeNull();
  });

  it('resumes bit for bit at any step', async () => {
    const whole = linearTrainable();
    const full = await run(whole, {});
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 19 }), async (at) => {
        const first = linearTrainable();
        const head = await run(first, { steps: at });
        const from: Checkpoint = { step: at, snapshot: await first.snapshot() };
        const second = linearTrainable();
        const tail = await run(second, { from });
        expect(second.state).toEqual(whole.state);
        expect([...head.steps, ...tail.steps]).toEqual(full.steps);
      }),
    );
  });

  it('starts a new cycle at each stage of a sequence', async () => {
    const stage = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 2 });
    const record = await run(linearTrainable(), {
      policy: sequence([{ policy: stage, steps: 4 }, { policy: stage }]),
      steps: 8,
    });
    expect(record.troughs.map(({ step, cycle }) => [step, cycle])).toEqual([
      [4, 0],
      [8, 1],
    ]);
  });

  it.each([
    ['steps: 0', { steps: 0 }, 'Received: steps = 0'],
    ['steps: 1.5', { steps: 1.5 }, 'Received: steps = 1.5'],
    ['a checkpoint with a negative step', { from: { step: -1, snapshot: {} } }, 'Received: from.step = -1'],
    ['a bad policy', { policy: { ...policy, maxLr: Number.NaN } }, 'Received: maxLr = NaN'],
  ])('refuses %s and changes nothing', async (_, options, message) => {
    const trainable = linearTrainable();
    await expect(run(trainable, options)).rejects.toThrow(message);
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
  });

  it('refuses an empty list of batches', async () => {
    await expect(train(linearTrainable(), [], { policy, steps: 3 })).rejects.toThrow(
      /\[clr\/core\] Expected at least one batch\.\nReceived: none in batches\n/,
    );
  });

  it('reports batches that can be iterated only once', async () => {
    const once = examples.values();
    await expect(train(linearTrainable(), once, { policy, steps: 10 })).rejects.toThrow(
      'Received: 7 batches, then none in epoch 1',
    );
  });

  it('refuses a loss that is a string, and names the step', async () => {
    const trainable = linearTrainable({ result: () => ({ loss: '0.5' as unknown as number }) });
    await expect(run(trainable, {})).rejects.toThrow('Received: loss = "0.5" at step 0');
  });

  it('passes on the error of a callback, and leaves no promise of a loss unhandled', async () => {
    const trainable = linearTrainable({ late: true });
    const onStep = () => {
      throw new Error('mine');
    };
    await expect(run(trainable, { onStep })).rejects.toThrow('mine');
  });

  it('checks the first and the last step of a schedule before it changes anything', async () => {
    const position = { cycle: 0, phase: 0, cycleEnd: Number.NaN };
    const none = { lr: () => 0.1, position: () => ({ cycle: 0, phase: 0 }) as never };
    const late = { lr: (step: number) => (step === 29 ? -1 : 0.1) };
    for (const [policy, words] of [
      [{ lr: () => 0.1, position: () => position }, 'position(0).cycleEnd = NaN'],
      [none, 'position(0).cycleEnd = undefined'],
      [late, 'lr(29) = -1'],
    ] as const) {
      const trainable = linearTrainable();
      await expect(train(trainable, examples, { policy, steps: 30 })).rejects.toThrow(words);
      expect(trainable.seen.length).toBe(0);
    }
  });

  it('reports the step of a later bad value, and leaves the model after its last good step', async () => {
    const trainable = linearTrainable();
    const policy = (step: number) => (step === 12 ? Number.NaN : 0.01);
    await expect(train(trainable, examples, { policy, steps: 30 })).rejects.toThrow('lr(12) = NaN');
    expect(trainable.state.updates).toBe(12);
    const ends = {
      lr: () => 0.01,
      position: (step: number) => ({ cycle: 0, phase: 0, cycleEnd: step === 10 ? 3 : step + 5 }),
    };
    await expect(train(trainable, examples, { policy: ends, steps: 30 })).rejects.toThrow(
      'position(10).cycleEnd = 3',
    );
  });

  it('does not record a custom schedule that has a type', async () => {
    const own = { type: 'mine', lr: () => 0.01 };
    expect(await train(linearTrainable(), examples, { policy: own, steps: 2 })).not.toHaveProperty('policy');
  });

  it('closes the iterator of the batches', async () => {
    let closed = 0;
    function* pass() {
      try {
        yield* examples;
      } finally {
        closed++;
      }
    }
    await train(linearTrainable(), pass, { policy, steps: 10 });
    expect(closed).toBe(2);
  });
});
