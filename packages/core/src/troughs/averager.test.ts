import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import {
  type Average,
  type AverageOptions,
  type Checkpoint,
  constant,
  parseRun,
  type TroughEvent,
  train,
  triangular,
} from '../index.ts';

type Example = (typeof examples)[number];
const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });

/** A run, its reported averages, and the weights after each step. */
async function averaged(
  average: AverageOptions<Example> | undefined,
  options = {},
  trainable = linearTrainable(),
) {
  const told: Average[] = [];
  const saved: Checkpoint[] = [];
  const ends: TroughEvent[] = [];
  const weights: number[] = [];
  const run = await train(trainable, examples, {
    policy,
    steps: 25,
    evaluate: examples,
    ...(average && { average }),
    onAverage: (one) => void told.push(one),
    onCycleEnd: (end) => void ends.push(end),
    onStep: () => void weights.push(trainable.state.w),
    checkpoint: { every: { steps: 1 }, save: (checkpoint) => void saved.push(checkpoint) },
    ...options,
  });
  return { run, told, saved, ends, weights, state: trainable.state };
}

const w = (average: Average | undefined) => (average?.snapshot as { w: number } | undefined)?.w;

describe('average of train', () => {
  const steps: number[] = [];

  it('ema is the moving average of the weights, starting with a copy of the first snapshot', async () => {
    const { weights, told } = await averaged({ type: 'ema', beta: 0.8, every: 1 });
    let mean = weights[0]!;
    const means = weights.map((weight) => (mean = 0.8 * mean + 0.2 * weight));
    expect(told.map(({ step }) => step)).toEqual([10, 20, 25]);
    for (const average of told) expect(w(average)).toBeCloseTo(means[average.step - 1]!, 12);
  });

  it('ema with a snapshot every n steps decays by beta to the power of n', async () => {
    const { weights, told } = await averaged({ type: 'ema', beta: 0.9, every: 4 });
    let mean = weights[3]!;
    for (let step = 8; step <= 25; step += 4) mean = 0.9 ** 4 * mean + (1 - 0.9 ** 4) * weights[step - 1]!;
    expect(w(told.at(-1))).toBeCloseTo(mean, 12);
  });

  it('ema takes a hundred snapshots in its window by default', async () => {
    const { told } = await averaged({ type: 'ema', beta: 1 - 1 / 1500 }, { steps: 14 });
    expect(told).toEqual([]);
    const { told: later, weights } = await averaged({ type: 'ema', beta: 1 - 1 / 1500 }, { steps: 16 });
    expect(w(later[0])).toBe(weights[14]);
  });

  it('lawa is the mean of the last few snapshots, or of all while there are fewer', async () => {
    const { weights, told } = await averaged({ type: 'lawa', last: 3, every: 4 });
    const mean = (...steps: number[]) =>
      steps.reduce((sum, step) => sum + weights[step - 1]!, 0) / steps.length;
    expect(told.map(w)).toEqual([mean(4, 8), mean(12, 16, 20), mean(16, 20, 24)]);
  });

  it('adds no checkpoints to the run', async () => {
    const { saved } = await averaged(
      { type: 'ema', beta: 0.9, every: 1 },
      {
        checkpoint: { every: { steps: 7 }, save: ({ step }: Checkpoint) => void steps.push(step) },
      },
    );
    expect([saved, steps]).toEqual([[], [7, 10, 14, 20, 21, 25]]);
  });

  it('evaluates the average whenever it evaluates the model, and records it', async () => {
    const { run, told, ends } = await averaged({ type: 'ema', beta: 0.8, every: 1 });
    const judge = linearTrainable();
    const losses: unknown[] = [];
    for (const { snapshot } of told) {
      await judge.restore(snapshot);
      losses.push(await judge.evaluate(examples));
    }
    expect([...run.troughs, run.final].map((record) => record?.average)).toEqual(losses);
    expect(ends.map(({ average }) => average)).toEqual(losses.slice(0, 2));
    expect(parseRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
  });

  it('does not change the run', async () => {
    const plain = await averaged(undefined);
    for (const average of [
      { type: 'ema', beta: 0.8, every: 1 },
      { type: 'lawa', last: 3, every: 4 },
    ] as const) {
      const { run, state, saved } = await averaged(average);
      expect(state).toEqual(plain.state);
      expect(run.steps).toEqual(plain.run.steps);
      expect(saved.map(({ step, snapshot }) => ({ step, snapshot }))).toEqual(plain.saved);
    }
    expect(plain.saved[0]).not.toHaveProperty('average');
  });

  it.each<AverageOptions<Example>>([
    { type: 'ema', beta: 0.9, every: 3 },
    { type: 'lawa', last: 3, every: 4 },
  ])('continues bit for bit from any checkpoint: %j', async (average) => {
    const whole = await averaged(average);
    for (const { step: at } of whole.saved) {
      const from = structuredClone(whole.saved.find(({ step }) => step === at));
      const rest = await averaged(average, { from });
      expect(rest.state).toEqual(whole.state);
      expect(rest.told.at(-1)).toEqual(whole.told.at(-1));
      expect(rest.saved).toEqual(whole.saved.filter(({ step }) => step > at));
    }
  });

  it('measures running statistics again on the given batches', async () => {
    const trainable = linearTrainable();
    let renewed = 0;
    trainable.renewStatistics = async () => {
      renewed++;
      trainable.state.v = 77;
    };
    const average = { type: 'ema', beta: 0.9, every: 1, batches: examples } as const;
    const { told, state } = await averaged(average, {}, trainable);
    expect(renewed).toBe(3 * examples.length);
    expect(told.map(({ snapshot }) => (snapshot as { v: number }).v)).toEqual([77, 77, 77]);
    expect(state.v).not.toBe(77);
  });

  it('has a snapshot but no metrics if there are no evaluation batches', async () => {
    const { run, told } = await averaged({ type: 'lawa', last: 2, every: 5 }, { evaluate: undefined });
    expect(run.troughs).toEqual([
      { step: 10, cycle: 0 },
      { step: 20, cycle: 1 },
    ]);
    expect(run).not.toHaveProperty('final');
    expect(told.map((average) => Object.keys(average))).toEqual(new Array(3).fill(['step', 'snapshot']));
  });

  it('is not reported after the run diverged', async () => {
    const result = (step: number) => ({ loss: step < 12 ? 1 : Number.NaN });
    const { run, told, saved } = await averaged(
      { type: 'ema', beta: 0.9, every: 1 },
      {},
      linearTrainable({ result }),
    );
    expect(run.stopped).toEqual({ step: 13, reason: 'diverged' });
    expect(told.map(({ step }) => step)).toEqual([10]);
    expect(saved.at(-1)?.step).toBe(12);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown type', { type: 'swa' }, /average\.type to be "ema" or "lawa"/],
    ['a string in place of the options', 'ema', /average\.type/],
    ['a decay of 1', { type: 'ema', beta: 1 }, /average\.beta to be .* in \[0, 1\)/],
    ['ema without beta', { type: 'ema' }, /average\.beta/],
    ['an interval of 0', { type: 'ema', beta: 0.9, every: 0 }, /average\.every to be a positive integer/],
    ['lawa without last', { type: 'lawa', every: 2 }, /average\.last to be a positive integer/],
    ['lawa without every', { type: 'lawa', last: 2 }, /average\.every to be a positive integer/],
    ['an unknown field', { type: 'ema', beta: 0.9, last: 2 }, /average\.last/],
    ['an empty list of batches', { type: 'ema', beta: 0.9, batches: [] }, /at least one batch/],
    ['an iterator as the batches', { type: 'ema', beta: 0.9, batches: [1].values() }, /iterated again/],
  ])('refuses %s before the first step', async (_, average, message) => {
    const trainable = linearTrainable();
    await expect(averaged(average as never, {}, trainable)).rejects.toThrow(message);
    expect(trainable.seen).toEqual([]);
  });

  it('refuses a Trainable without average(), and a checkpoint whose average has another type', async () => {
    const { average: _, ...bare } = linearTrainable();
    const options = { policy: constant({ lr: 0.1 }), steps: 3, average: { type: 'ema', beta: 0.9 } } as const;
    await expect(train(bare, examples, options)).rejects.toThrow('a Trainable with average()');
    const { saved } = await averaged({ type: 'lawa', last: 3, every: 4 });
    const run = averaged(options.average, { from: saved.at(-1) });
    await expect(run).rejects.toThrow('Received: from.average.type = "lawa"');
    const odd = { ...saved.at(-1), average: { type: 'ema', snapshots: 3 } };
    await expect(averaged(options.average, { from: odd })).rejects.toThrow('a checkpoint with an average');
  });
});
