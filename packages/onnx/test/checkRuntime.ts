import { adagrad, adam, adamW, type Optimizer, rangeTest, rmsProp, sgd } from '@clr/core';
import { expect } from 'vitest';
import { DataType } from '../src/format/dataType.ts';
import { readModel } from '../src/format/model.ts';
import { floatData } from '../src/format/tensor.ts';
import { createTrainer, type OnnxTrainer, type Ort, type TrainerOptions } from '../src/index.ts';
import { makeModel } from './makeModel.ts';
import { type OracleModel, relativeError } from './oracleModel.ts';

/** The largest allowed difference from PyTorch, relative to the largest number of a tensor. */
const tolerance = 2.5e-5;

async function trainerOf(
  ort: Ort,
  oracle: OracleModel,
  session: TrainerOptions['session'],
): Promise<OnnxTrainer> {
  const { bytes, loss, optimizer } = oracle;
  return createTrainer(ort, bytes, { loss, optimizer: sgd(optimizer), ...(session ? { session } : {}) });
}

/**
 * Trains as PyTorch did and compares the results: the gradients of the first step, all losses, and the parameters and
 * running statistics after the last training run. Returns the largest relative difference of each kind of result.
 */
export async function checkTrainings(
  ort: Ort,
  oracle: OracleModel,
  session?: TrainerOptions['session'],
  count: number = oracle.runs.length,
): Promise<Record<string, number>> {
  const trainer = await trainerOf(ort, oracle, session);
  const gradients = checkGradients(oracle, await trainer.gradients(oracle.batches[0]!));
  const start = await trainer.snapshot();
  const runs = oracle.runs.slice(0, count);
  // Read late, because a loss may stay on the device while the next steps run.
  const pending: (number | Promise<number>)[] = [];
  for (const { batches, lr } of runs) {
    await trainer.restore(start);
    for (const [step, batch] of batches.entries()) {
      pending.push((await trainer.trainStep(oracle.batches[batch]!, { lr: lr[step]! })).loss);
    }
  }
  const losses = await Promise.all(pending);
  const parameters = await trainer.parameters();
  const statistics = runningStatistics(oracle, await trainer.exportModel());
  await trainer.dispose();

  const errors: Record<string, number> = {
    gradients,
    losses: relativeError(
      losses,
      runs.flatMap((run) => run.losses),
    ),
  };
  if (runs.length === oracle.runs.length) {
    errors.parameters = worst(oracle.parameters, (key) => parameters.get(key)!.data);
    errors.statistics = worst(oracle.buffers, (key) => statistics.get(key)!);
  }
  for (const error of Object.values(errors)) expect(error).toBeLessThan(tolerance);
  return errors;
}

/** Compares the gradients of the first step. Returns the largest relative difference. */
export function checkGradients(
  { gradients }: OracleModel,
  found: ReadonlyMap<string, { data: Float32Array }>,
): number {
  expect([...found.keys()].sort()).toEqual(Object.keys(gradients).sort());
  // The gradient of a convolution's bias before batch normalisation is 0, so both sides hold rounding noise of 1e-7.
  // Each gradient is therefore compared relative to its own size, or to a hundredth of the model's largest gradient.
  const largest = Math.max(...Object.values(gradients).flatMap((values) => [...values].map(Math.abs)));
  const error = worst(gradients, (key) => found.get(key)!.data, largest / 100);
  expect(error).toBeLessThan(tolerance);
  return error;
}

function worst(
  expected: OracleModel['parameters'],
  actual: (key: string) => Float32Array,
  floor = 0,
): number {
  return Object.entries(expected).reduce(
    (most, [key, values]) => Math.max(most, relativeError(actual(key), values, floor)),
    0,
  );
}

/**
 * Converts the running statistics of an exported model to PyTorch's. PyTorch uses the unbiased variance of a batch,
 * ONNX the biased one.
 */
function runningStatistics({ bytes, buffers, runs }: OracleModel, exported: Uint8Array) {
  const valuesOf = (model: Uint8Array) =>
    new Map(readModel(model).graph.initializer.map((tensor) => [tensor.name, tensor]));
  const [start, end] = [valuesOf(bytes), valuesOf(exported)];
  const kept = 0.9 ** runs.at(-1)!.batches.length;
  const entries = Object.keys(buffers).map((name): [string, Float32Array] => {
    const first = floatData(start.get(name)!);
    // resnet-mini has 8 examples of 16 by 16, and 8 by 8 after the convolution with stride 2.
    const count = 8 * (name.startsWith('3.') ? 8 * 8 : 16 * 16);
    const bias = name.endsWith('running_var') ? count / (count - 1) : 1;
    const unbiased = floatData(end.get(name)!).map((value, i) => {
      const old = kept * first[i]!;
      return old + (value - old) * bias;
    });
    return [name, Float32Array.from(unbiased)];
  });
  return new Map(entries);
}

/**
 * Checks that a restored snapshot is bit-identical to the saved one, and that training continues bit for bit, in this
 * trainer and in a new one.
 */
export async function checkSnapshot(
  ort: Ort,
  oracle: OracleModel,
  session?: TrainerOptions['session'],
): Promise<void> {
  const trainer = await trainerOf(ort, oracle, session);
  const step = async (at: OnnxTrainer, i: number): Promise<number> =>
    (await at.trainStep(oracle.batches[i % 4]!, { lr: 0.05 })).loss;
  await step(trainer, 0);
  const snapshot = await trainer.snapshot();
  const ahead = [await step(trainer, 1), await step(trainer, 2)];
  const end = await trainer.snapshot();
  // Another session reads the vectors that the steps left.
  const { loss: next } = await trainer.evaluate([oracle.batches[3]!]);
  expect(next).toBeCloseTo(await step(trainer, 3), 5);
  await trainer.restore(snapshot);
  expect(await trainer.snapshot()).toEqual(snapshot);
  expect([await step(trainer, 1), await step(trainer, 2)]).toEqual(ahead);
  expect(await trainer.snapshot()).toEqual(end);
  await trainer.dispose();

  const other = await trainerOf(ort, oracle, session);
  await other.restore(structuredClone(snapshot));
  expect([await step(other, 1), await step(other, 2)]).toEqual(ahead);
  expect(await other.snapshot()).toEqual(end);
  await other.dispose();
}

/** Checks that the range test starts with the loss of PyTorch's first step, and that it leaves the model unchanged. */
export async function checkRangeTest(
  ort: Ort,
  oracle: OracleModel,
  session?: TrainerOptions['session'],
): Promise<void> {
  const trainer = await trainerOf(ort, oracle, session);
  const before = await trainer.snapshot();
  const trace = await rangeTest(trainer, oracle.batches, { startLr: 1e-4, endLr: 1000, steps: 24 });
  expect(trace.points.length).toBeGreaterThan(3);
  expect(trace.points[0]!.loss).toBeCloseTo(oracle.runs[0]!.losses[0]!, 4);
  expect(await trainer.snapshot()).toEqual(before);
  const { loss } = await trainer.evaluate([oracle.batches[0]!]);
  expect(loss).toBeCloseTo(oracle.runs[0]!.losses[0]!, 4);
  await trainer.dispose();
}

/** A model in training mode with loss = Σ dropout(w), where all elements of w are 1. */
export function dropoutModel(dims: number[], ratio: number): Uint8Array {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return makeModel({
    outputs: [{ name: 'loss', type: DataType.FLOAT, dims: [] }],
    initializers: [
      { name: 'w', type: DataType.FLOAT, dims, values: new Float32Array(size).fill(1) },
      { name: 'ratio', type: DataType.FLOAT, dims: [], values: [ratio] },
      { name: 'training', type: DataType.BOOL, dims: [], values: [1] },
    ],
    nodes: [
      { op: 'Dropout', inputs: ['w', 'ratio', 'training'], outputs: ['d'], attributes: { seed: 7 } },
      { op: 'ReduceSum', inputs: ['d'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
}

/** Checks that Dropout keeps the same elements in every runtime, over three steps. */
export async function checkDropout(ort: Ort, session?: TrainerOptions['session']): Promise<void> {
  const options = { loss: { output: 'loss' }, optimizer: sgd(), ...(session ? { session } : {}) } as const;
  const trainer = await createTrainer(ort, dropoutModel([24], 0.5), options);
  const kept: string[] = [];
  for (let step = 0; step < 3; step++) {
    const gradient = (await trainer.gradients({})).get('w')!.data;
    kept.push(Array.from(gradient, (value) => (value === 0 ? '.' : 'x')).join(''));
    await trainer.trainStep({}, { lr: 0.1 });
  }
  await trainer.dispose();
  expect(kept).toEqual(['..xxx...x.x...xx...xxx.x', 'x.xx..x.x.x..x.xxx.x...x', '.xxxxxx..x..xxx...x.xxx.']);
}

export const optimizers: readonly Optimizer[] = [
  sgd({ momentum: 0.9, nesterov: true, velocity: 'update' }),
  adam({ weightDecay: 1e-3 }),
  adamW(),
  rmsProp({ momentum: 0.9, centered: true }),
  adagrad(),
];

/** Checks that the optimizer gives the same parameters as on the CPU. In the second half, the step number is large. */
export async function checkOptimizer(
  ort: Ort,
  optimizer: Optimizer,
  { bytes, loss, batches }: OracleModel,
  session: TrainerOptions['session'],
  cpu: TrainerOptions['session'],
): Promise<void> {
  const trained = async (options: TrainerOptions['session']): ReturnType<OnnxTrainer['parameters']> => {
    const trainer = await createTrainer(ort, bytes, { loss, optimizer, session: options! });
    for (const [i, batch] of batches.entries()) {
      if (i === 2) await trainer.restore({ ...(await trainer.snapshot()), step: 500 });
      await trainer.trainStep(batch, { lr: 0.01 });
    }
    const parameters = await trainer.parameters();
    await trainer.dispose();
    return parameters;
  };
  const there = await trained(session);
  for (const [name, { data }] of await trained(cpu)) {
    expect(relativeError(there.get(name)!.data, data), `${optimizer.type}: ${name}`).toBeLessThan(1e-4);
  }
}
