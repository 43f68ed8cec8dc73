import { readFile } from 'node:fs/promises';
import { ranksInProcess } from '@clr/conformance';
import { adam, autoClr, type Optimizer, type Reduce, rangeTest, sgd, train, triangular } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { type Batch, createTrainer, type OnnxTrainer, type TrainerOptions } from '../index.ts';
import { ownVersion } from './ownVersion.ts';

const float = DataType.FLOAT;
const wave = (n: number, f: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(f * i * i));

/** A classifier of 6 × 6 images, with batch normalisation or dropout on request. */
function classifier(middle: 'none' | 'batchNorm' | 'dropout'): Uint8Array {
  const ones = { type: float, dims: [4], values: [1, 1, 1, 1] };
  const zeros = { type: float, dims: [4], values: [0, 0, 0, 0] };
  return makeModel({
    inputs: [{ name: 'x', type: float, dims: ['{batch}', 1, 6, 6] }],
    outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
    initializers: [
      { name: 'kernel', type: float, dims: [4, 1, 3, 3], values: wave(36, 0.3) },
      { name: 'w', type: float, dims: [64, 3], values: wave(192, 0.7) },
      { name: 'bias', type: float, dims: [3], values: [0, 0.1, -0.1] },
      ...(middle === 'batchNorm'
        ? [
            { name: 'gamma', ...ones },
            { name: 'beta', ...zeros },
            { name: 'mean', ...zeros },
            { name: 'variance', ...ones },
          ]
        : []),
      ...(middle === 'dropout' ? [{ name: 'ratio', type: float, dims: [], values: [0.3] }] : []),
    ],
    nodes: [
      { op: 'Conv', inputs: ['x', 'kernel'], outputs: ['c'] },
      middle === 'batchNorm'
        ? {
            op: 'BatchNormalization',
            inputs: ['c', 'gamma', 'beta', 'mean', 'variance'],
            outputs: ['m', 'next.mean', 'next.variance'],
            attributes: { training_mode: 1, momentum: { float: 0.5 } },
          }
        : middle === 'dropout'
          ? { op: 'Dropout', inputs: ['c', 'ratio'], outputs: ['m'] }
          : { op: 'Identity', inputs: ['c'], outputs: ['m'] },
      { op: 'Tanh', inputs: ['m'], outputs: ['t'] },
      { op: 'Flatten', inputs: ['t'], outputs: ['f'] },
      { op: 'Gemm', inputs: ['f', 'w', 'bias'], outputs: ['y'] },
    ],
  });
}

const images = wave(24 * 36, 0.05);
const batchOf = (from: number, to: number): Batch => ({
  x: new ort.Tensor('float32', Float32Array.from(images.slice(36 * from, 36 * to)), [to - from, 1, 6, 6]),
  target: new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: to - from }, (_, i) => BigInt((from + i) % 3)),
    [to - from],
  ),
});
const shares = (cuts: readonly number[]): Batch[] =>
  cuts.slice(1).map((end, i) => batchOf(cuts[i] as number, end));

const optionsOf = (optimizer: Optimizer, more: Partial<TrainerOptions> = {}): TrainerOptions => ({
  ...{ loss: 'crossEntropy', optimizer, deterministic: true },
  ...more,
});

/** Runs a program on several ranks at once. Each rank has its own trainer. */
async function onRanks<T>(
  size: number,
  model: Uint8Array,
  options: TrainerOptions,
  program: (trainer: OnnxTrainer, reduce: Reduce) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    ranksInProcess(size).map(async (reduce) => {
      const trainer = await createTrainer(ort, model, { ...options, reduce });
      try {
        return await program(trainer, reduce);
      } finally {
        await trainer.dispose();
      }
    }),
  );
}

/** Takes 50 steps on the same batch, and returns their losses and the parameters after them. */
async function trained(trainer: OnnxTrainer, batch: Batch | readonly Batch[]) {
  const losses: number[] = [];
  for (let step = 0; step < 50; step++) {
    losses.push(await (await trainer.trainStep(batch, { lr: 0.02 + 0.001 * (step % 7) })).loss);
  }
  return { losses, parameters: await trainer.parameters() };
}

const flat = (parameters: Map<string, { data: Float32Array }>): number[] =>
  [...parameters.values()].flatMap(({ data }) => [...data]);
const furthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

describe('several ranks compared with one process', () => {
  it.each([
    ['SGD with momentum', 2, 'none', sgd({ momentum: 0.9 }), [0, 12, 24]],
    ['Adam', 2, 'none', adam(), [0, 12, 24]],
    ['Adam, uneven shares', 4, 'none', adam(), [0, 1, 10, 15, 24]],
    ['dropout', 2, 'dropout', sgd({ momentum: 0.9 }), [0, 5, 24]],
    ['batch normalisation', 4, 'batchNorm', sgd({ momentum: 0.9 }), [0, 4, 10, 18, 24]],
    ['clipping by norm', 2, 'none', sgd({ momentum: 0.9 }), [0, 9, 24], { clipNorm: 0.3 }],
  ] as const)(
    'make the same 50 steps: %s, %i ranks',
    async (_, size, middle, optimizer, cuts, more?: Partial<TrainerOptions>) => {
      const model = classifier(middle);
      const options = optionsOf(optimizer, more);
      const ranks = await onRanks(size, model, options, (trainer, { rank }) =>
        trained(trainer, shares(cuts)[rank] as Batch),
      );
      // With several ranks, batch normalisation sees each share separately, and each share draws its own masks. So the
      // single process gets the shares as separate batches.
      const alone = await createTrainer(ort, model, options);
      const whole = await trained(alone, middle === 'none' ? batchOf(0, 24) : shares(cuts));
      await alone.dispose();
      const [first, ...others] = ranks.map(({ parameters }) => flat(parameters));
      for (const other of others) expect(other).toEqual(first);
      expect(furthest(first as number[], flat(whole.parameters))).toBeLessThan(1e-6);
      expect(furthest(ranks[0]?.losses as number[], whole.losses)).toBeLessThan(1e-6);
    },
  );

  it('evaluate over all examples of all ranks', async () => {
    const model = classifier('none');
    const options = optionsOf(sgd());
    const metrics = await onRanks(3, model, options, (trainer, { rank }) =>
      trainer.evaluate([shares([0, 5, 6, 24])[rank] as Batch]),
    );
    const alone = await createTrainer(ort, model, options);
    const { loss, accuracy } = await alone.evaluate([batchOf(0, 24)]);
    await alone.dispose();
    for (const each of metrics) {
      expect(each).toEqual(metrics[0]);
      expect(each.loss).toBeCloseTo(loss, 6);
      expect(each.accuracy).toBeCloseTo(accuracy as number, 6);
    }
  });

  it('run train, rangeTest and autoClr with the same results on every rank', async () => {
    const runs = await onRanks(
      2,
      classifier('batchNorm'),
      optionsOf(sgd({ momentum: 0.9 })),
      async (trainer, { rank }) => {
        const batches = [0, 1, 2].map((i) => batchOf(8 * i + 4 * rank, 8 * i + 4 * rank + 4));
        const trace = await rangeTest(trainer, batches, { startLr: 1e-3, endLr: 10, steps: 40 });
        const run = await train(trainer, batches, {
          policy: triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 }),
          steps: 20,
          evaluate: batches,
        });
        const { policy, run: found } = await autoClr(trainer, batches, { steps: 240, validation: batches });
        return { trace, run, policy, found, parameters: flat(await trainer.parameters()) };
      },
    );
    expect(runs[0]?.run.step).toBe(20);
    expect(runs[0]?.found?.step).toBeGreaterThan(0);
    expect(runs[1]).toEqual(runs[0]);
  });

  it("keep their own running statistics with statistics: 'local'", async () => {
    const options = optionsOf(sgd(), { statistics: 'local' });
    const snapshots = await onRanks(2, classifier('batchNorm'), options, async (trainer, { rank }) => {
      await trainer.trainStep(shares([0, 9, 24])[rank] as Batch, { lr: 0.1 });
      return trainer.snapshot();
    });
    const [first, second] = snapshots.map(({ layout, state }) => (wanted: string) => {
      const { input } = layout.find(({ role }) => role === wanted) as { input: string };
      return (state as Record<string, Float32Array>)[input];
    });
    expect(second?.('parameters')).toEqual(first?.('parameters'));
    expect(second?.('buffers')).not.toEqual(first?.('buffers'));
  });

  it('restore the state of rank 0', async () => {
    const states = await onRanks(2, classifier('none'), optionsOf(adam()), async (trainer, { rank }) => {
      const share = shares([0, 12, 24])[rank] as Batch;
      await trainer.trainStep(share, { lr: 0.1 });
      const early = await trainer.snapshot();
      await trainer.trainStep(share, { lr: 0.1 });
      // The other ranks pass older or newer snapshots of their own.
      await trainer.restore(rank === 0 ? early : await trainer.snapshot());
      return trainer.snapshot();
    });
    expect(states[0]?.step).toBe(1);
    expect(states[1]).toEqual(states[0]);
  });
});

describe('all ranks, after a fault on one rank', () => {
  it('reject a bad batch before any of them updates', async () => {
    const results = await onRanks(2, classifier('none'), optionsOf(sgd()), async (trainer, { rank }) => {
      const before = flat(await trainer.parameters());
      const good = batchOf(0, 12);
      const bad = { ...good, target: batchOf(0, 11).target as ort.Tensor };
      const error = await Promise.resolve(trainer.trainStep(rank === 1 ? bad : good, { lr: 0.1 })).catch(
        ({ message }: Error) => message,
      );
      expect(flat(await trainer.parameters())).toEqual(before);
      // The next step succeeds.
      const { loss } = await trainer.trainStep(good, { lr: 0.1 });
      return { error, loss: await loss };
    });
    expect(results[0]?.error).toMatch('a failure on another process, seen by process 0');
    expect(results[1]?.error).toMatch('Expected "target"');
    expect(results[1]?.loss).toBe(results[0]?.loss);
  });

  it('stop as diverged if the data of one rank holds NaN', async () => {
    const [first, second] = await onRanks(
      2,
      classifier('none'),
      optionsOf(sgd()),
      async (trainer, { rank }) => {
        const batch = batchOf(0, 12);
        const data = (batch.x as ort.Tensor).data.slice() as Float32Array;
        if (rank === 1) data[0] = Number.NaN;
        const x = new ort.Tensor('float32', data, [12, 1, 6, 6]);
        const run = await train(trainer, [{ ...batch, x } as Batch], {
          policy: triangular({ baseLr: 0.1, maxLr: 0.1, stepSize: 5 }),
          steps: 10,
        });
        return run.stopped;
      },
    );
    expect(first).toEqual({ step: 1, reason: 'diverged' });
    expect(second).toMatchObject({
      step: 1,
      reason: 'diverged',
      fault: expect.stringContaining('"x" of example 0'),
    });
  });

  it.each([
    [
      'another optimizer',
      { optimizer: adam() } as object,
      'a difference from process 0 in the optimizer of process 1',
    ],
    [
      'other trained parameters',
      { trainable: (name: string) => name !== 'kernel' },
      'the trained parameters',
    ],
    ['another model', { model: classifier('dropout') }, 'the model of process 1'],
    [
      'another version of ONNX Runtime',
      { versions: { common: '0.0.1' } },
      'the version of ONNX Runtime of process 1',
    ],
    ['an unknown option', { clipnorm: 1 } as object, 'clipnorm'],
  ])(
    'reject %s before the first step',
    async (_, {
      model,
      versions,
      ...more
    }: Partial<TrainerOptions> & { model?: Uint8Array; versions?: object }, words) => {
      const other = { ...ort, env: { ...ort.env, versions } } as unknown as typeof ort;
      const results = await Promise.allSettled(
        ranksInProcess(2).map((reduce) =>
          createTrainer(
            versions && reduce.rank === 1 ? other : ort,
            (reduce.rank === 1 && model) || classifier('none'),
            {
              ...optionsOf(sgd()),
              ...(reduce.rank === 1 ? more : {}),
              reduce,
            },
          ),
        ),
      );
      const messages = results.map((result) => (result.status === 'rejected' ? String(result.reason) : ''));
      expect(messages.every((message) => message.includes('[clr/onnx]'))).toBe(true);
      expect(messages[1]).toContain(words);
    },
  );

  it('notice parameters that drift apart', async () => {
    const results = await Promise.allSettled(
      await onRanks(2, classifier('none'), optionsOf(sgd()), async (trainer, { rank }) => {
        const steps = async () => {
          // One rank uses a different rate.
          for (let step = 0; step < 100; step++)
            await trainer.trainStep(batchOf(0, 12), { lr: rank === 0 ? 0.01 : 0.011 });
        };
        return steps().then(
          () => 'went on',
          ({ message }: Error) => message,
        );
      }),
    );
    for (const result of results) {
      expect(result.status === 'fulfilled' && result.value).toMatch(
        /parameters 0 after step 100 of process 1/,
      );
    }
  });
});

it('ownVersion gives the version of this package, which processes compare', async () => {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  expect(await ownVersion()).toBe(JSON.parse(manifest).version);
});

describe('the option reduce', () => {
  it.each([
    [5, 'reduce = 5'],
    [{}, 'rank = undefined'],
    [{ ...ranksInProcess(2)[0], rank: 2 }, 'rank = 2, size = 2'],
  ])('is refused if it is %j', async (reduce, words) => {
    const options = { ...optionsOf(sgd()), reduce: reduce as Reduce };
    await expect(createTrainer(ort, classifier('none'), options)).rejects.toThrow(words);
  });
});
