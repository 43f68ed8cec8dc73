import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import { constant, PolicyError, triangular } from '../index.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { type TrainOptions, train } from './train.ts';

// The troughs are at the steps 8, 16 and 24.
const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 4 });

/** Trains with checkpoints, and returns them with the record of the run. */
async function saved(
  options: Partial<TrainOptions<(typeof examples)[number]>>,
  { every }: { every?: { steps: number } | { seconds: number } } = {},
  trainable = linearTrainable(),
) {
  const checkpoints: Checkpoint[] = [];
  const save = (checkpoint: Checkpoint) => void checkpoints.push(checkpoint);
  const checkpoint = { save, ...(every && { every }) };
  const run = await train(trainable, examples, { policy, steps: 20, checkpoint, ...options });
  return { run, checkpoints, at: checkpoints.map(({ step }) => step) };
}

describe('checkpoints of a run', () => {
  it('are saved at every trough and at the end', async () => {
    expect((await saved({})).at).toEqual([8, 16, 20]);
    expect((await saved({ steps: 16 })).at).toEqual([8, 16]);
  });

  it('never hold a state that the last update spoiled', async () => {
    // The loss belongs to the weights before the update, so it stays finite one step longer than the weights.
    for (const bad of [Number.NaN, Infinity]) {
      const trainable = linearTrainable();
      const { trainStep } = trainable;
      trainable.trainStep = async (batch, hyper) => {
        const result = await trainStep(batch, hyper);
        if (trainable.state.updates === 11) trainable.state.w = bad;
        return result;
      };
      const { at, run, checkpoints } = await saved({}, { every: { steps: 1 } }, trainable);
      expect(at.at(-1)).toBe(10);
      expect(checkpoints.every(({ snapshot }) => Number.isFinite((snapshot as { w: number }).w))).toBe(true);
      expect(run.stopped).toEqual({ step: 11, reason: 'diverged' });
    }
  });

  it('are not saved if the last update of the run spoiled the state, and the run counts as diverged', async () => {
    const trainable = linearTrainable();
    const { trainStep } = trainable;
    trainable.trainStep = async (batch, hyper) => {
      const result = await trainStep(batch, hyper);
      if (trainable.state.updates === 20) trainable.state.w = Number.NaN;
      return result;
    };
    const { at, run } = await saved({}, {}, trainable);
    expect(at).toEqual([8, 16]);
    expect(run.stopped).toEqual({ step: 20, reason: 'diverged' });
  });

  it('may hold infinite numbers that existed at the start', async () => {
    const trainable = linearTrainable();
    const { snapshot, restore } = trainable;
    trainable.snapshot = async () => ({ ...(await snapshot()), mask: Float32Array.of(-Infinity) });
    trainable.restore = (state) => restore(state);
    expect((await saved({}, { every: { steps: 5 } }, trainable)).at).toEqual([5, 8, 10, 15, 16, 20]);
  });

  it('go to an instance of a class, whose `save` may use `this`', async () => {
    class Store {
      readonly steps: number[] = [];
      save({ step }: Checkpoint): void {
        this.steps.push(step);
      }
    }
    const store = new Store();
    await train(linearTrainable(), examples, { policy, steps: 20, checkpoint: store });
    expect(store.steps).toEqual([8, 16, 20]);
  });

  it.each([5, '5', [], { steps: '5' }])('refuse the interval %j before anything changes', async (every) => {
    const trainable = linearTrainable();
    await expect(saved({}, { every: every as never }, trainable)).rejects.toThrow(PolicyError);
    expect(trainable.seen).toEqual([]);
  });

  it('are also saved every given number of steps, even without cycles', async () => {
    expect((await saved({}, { every: { steps: 5 } })).at).toEqual([5, 8, 10, 15, 16, 20]);
    expect((await saved({ policy: constant({ lr: 0.1 }) }, { every: { steps: 7 } })).at).toEqual([7, 14, 20]);
  });

  it('are saved every given number of seconds', async () => {
    const slow = linearTrainable({ late: true });
    const { at } = await saved(
      { steps: 60, policy: constant({ lr: 0.01 }) },
      { every: { seconds: 0.001 } },
      slow,
    );
    expect(at.length).toBeGreaterThan(1);
    expect(at).toEqual([...new Set(at)].sort((a, b) => a - b));
    expect((await saved({ policy: constant({ lr: 0.1 }) }, { every: { seconds: 3600 } })).at).toEqual([20]);
  });

  it('are saved when the run is stopped', async () => {
    const signal = { aborted: false };
    const onStep = ({ step }: { step: number }) => {
      signal.aborted = step === 10;
    };
    const { run, at } = await saved({ signal, onStep });
    expect(run.stopped).toEqual({ step: 11, reason: 'aborted' });
    expect(at).toEqual([8, 11]);
  });

  it('are not saved after the run diverged, so the last good one stays', async () => {
    const trainable = linearTrainable({
      result: (step, honest) => (step === 12 ? { loss: Number.NaN } : honest),
    });
    const { run, at } = await saved({}, { every: { steps: 5 } }, trainable);
    expect(run.stopped?.reason).toBe('diverged');
    expect(at).toEqual([5, 8, 10]);
  });

  it('resume the run bit for bit, with the same later checkpoints', async () => {
    const whole = linearTrainable();
    const { run, checkpoints } = await saved({}, { every: { steps: 3 } }, whole);
    for (const from of checkpoints) {
      const again = linearTrainable();
      const { run: rest, at } = await saved({ from }, { every: { steps: 3 } }, again);
      expect(rest.steps).toEqual(run.steps.slice(from.step));
      expect(again.state).toEqual(whole.state);
      expect(at).toEqual(checkpoints.map(({ step }) => step).filter((step) => step > from.step));
    }
  });

  it.each([
    [{ steps: 0 }, 'checkpoint.every.steps = 0'],
    [{ seconds: -1 }, 'checkpoint.every.seconds = -1'],
    [{ seconds: Number.NaN }, 'checkpoint.every.seconds = NaN'],
    [{ minutes: 3 }, 'checkpoint.every.minutes'],
  ])('are refused with the interval %j before anything runs', async (every, received) => {
    const trainable = linearTrainable();
    await expect(saved({}, { every: every as { steps: number } }, trainable)).rejects.toThrow(received);
    expect(trainable.seen).toEqual([]);
  });

  it('are refused if save is not a function', async () => {
    const trainable = linearTrainable();
    const checkpoint = { save: undefined as never };
    await expect(saved({ checkpoint }, {}, trainable)).rejects.toThrow('checkpoint.save = undefined');
    expect(trainable.seen).toEqual([]);
  });

  it('pass on errors of save', async () => {
    const checkpoint = {
      save: () => {
        throw new Error('no room');
      },
    };
    await expect(saved({ checkpoint })).rejects.toThrow('no room');
  });
});
