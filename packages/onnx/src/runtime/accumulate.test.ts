import { adamW, ensemble, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import {
  type Batch,
  buildApplyModel,
  buildGradientModel,
  createTrainer,
  type StateTensor,
  type TrainingOptions,
} from '../index.ts';

const float = DataType.FLOAT;
const wave = (n: number, f: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(f * i * i));

/** A small convolutional classifier. */
const model = makeModel({
  inputs: [{ name: 'x', type: float, dims: ['{batch}', 1, 6, 6] }],
  outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
  initializers: [
    { name: 'kernel', type: float, dims: [4, 1, 3, 3], values: wave(36, 0.3) },
    { name: 'w', type: float, dims: [16, 3], values: wave(48, 0.7) },
    { name: 'bias', type: float, dims: [3], values: [0, 0.1, -0.1] },
  ],
  nodes: [
    { op: 'Conv', inputs: ['x', 'kernel'], outputs: ['c'] },
    { op: 'MaxPool', inputs: ['c'], outputs: ['p'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { op: 'Tanh', inputs: ['p'], outputs: ['t'] },
    { op: 'Flatten', inputs: ['t'], outputs: ['f'] },
    { op: 'Gemm', inputs: ['f', 'w', 'bias'], outputs: ['y'] },
  ],
});

const images = wave(24 * 36, 0.05);
const batchOf = (from: number, to: number): Batch => ({
  x: new ort.Tensor('float32', Float32Array.from(images.slice(36 * from, 36 * to)), [to - from, 1, 6, 6]),
  target: new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: to - from }, (_, i) => BigInt((from + i) % 3)),
    [to - from],
  ),
});
const whole = batchOf(0, 24);

const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

const both = ['weightDecay', 'clipNorm'] as const;

describe('several batches in one update', () => {
  it.each([
    ['equal batches', [0, 6, 12, 18, 24]],
    ['batches of different sizes', [0, 1, 10, 24]],
  ])('%s give the update of one large batch', async (_name, cuts) => {
    const options = { loss: 'crossEntropy', optimizer: adamW(), hyperparameters: both } as const;
    const [one, many] = await Promise.all([
      createTrainer(ort, model, options),
      createTrainer(ort, model, options),
    ]);
    const parts = cuts.slice(1).map((end, i) => batchOf(cuts[i] as number, end));
    for (let step = 0; step < 3; step++) {
      const hyper = { lr: 0.02, weightDecay: 0.1 * step, clipNorm: 0.5 };
      const large = await one.trainStep(whole, hyper);
      const small = await many.trainStep(parts, hyper);
      expect(await small.loss).toBeCloseTo(await large.loss, 6);
      expect(await small.accuracy).toBeCloseTo((await large.accuracy) as number, 6);
    }
    const [expected, actual] = [await one.parameters(), await many.parameters()];
    for (const [name, { data }] of expected) {
      expect(difference(actual.get(name)?.data as Float32Array, data), name).toBeLessThan(1e-6);
    }
    expect((await many.snapshot()).step).toBe(3);
    await Promise.all([one.dispose(), many.dispose()]);
  });

  it.each([
    [{ classWeights: [1, 8, 0.25] }],
    [{ ignoreIndex: 2 }],
    [{ classWeights: [1, 8, 0.25], ignoreIndex: 0, labelSmoothing: 0.1 }],
  ])('have the loss and the accuracy of one large batch, with %o', async (how) => {
    const trainer = await createTrainer(ort, model, {
      loss: { type: 'crossEntropy', ...how },
      optimizer: sgd(),
    });
    const parts = [batchOf(0, 2), batchOf(2, 7), batchOf(7, 24)];
    const wanted = await trainer.evaluate([whole]);
    const scores = await Promise.all(
      [parts, [whole]].map(async (batches) => {
        const { loss, accuracy } = await trainer.trainStep(batches, { lr: 0 });
        return { loss: await loss, accuracy: await accuracy };
      }),
    );
    const both = ensemble(trainer, [await trainer.snapshot()]);
    for (const { loss, accuracy } of [...scores, await trainer.evaluate(parts), await both.evaluate(parts)]) {
      expect(loss).toBeCloseTo(wanted.loss, 6);
      expect(accuracy).toBeCloseTo(wanted.accuracy as number, 6);
    }
    await trainer.dispose();
  });

  it('of different lengths count by position, in training as in evaluation', async () => {
    const sequences = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{batch}', '{length}', 2] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', '{length}', 3] }],
      initializers: [{ name: 'w', type: float, dims: [2, 3], values: wave(6, 0.7) }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    const batches = [2, 9].map((length) => ({
      x: new ort.Tensor('float32', Float32Array.from(wave(length * 2, 0.3)), [1, length, 2]),
      target: new ort.Tensor(
        'int64',
        BigInt64Array.from({ length }, (_, i) => BigInt(i % 3)),
        [1, length],
      ),
    }));
    const [plain, ignoring] = await Promise.all(
      [{}, { ignoreIndex: -100 }].map(async (how) => {
        const loss = { type: 'crossEntropy', axis: 2, ...how } as const;
        const trainer = await createTrainer(ort, sequences, { loss, optimizer: sgd() });
        const evaluated = await trainer.evaluate(batches);
        const step = await trainer.trainStep(batches, { lr: 0 });
        expect(await step.loss).toBeCloseTo(evaluated.loss, 6);
        expect(await step.accuracy).toBeCloseTo(evaluated.accuracy as number, 6);
        await trainer.dispose();
        return evaluated;
      }),
    );
    expect(plain?.loss).toBeCloseTo(ignoring?.loss as number, 6);
    expect(plain?.accuracy).toBeCloseTo(ignoring?.accuracy as number, 6);
  });

  it('change nothing if one of them is bad', async () => {
    const trainer = await createTrainer(ort, model, { loss: 'crossEntropy', optimizer: sgd() });
    const before = await trainer.snapshot();
    const bad = { ...batchOf(6, 12), target: batchOf(6, 11).target as ort.Tensor };
    await expect(trainer.trainStep([batchOf(0, 6), bad], { lr: 0.1 })).rejects.toThrow(/Expected "target"/);
    await expect(trainer.trainStep([], { lr: 0.1 })).rejects.toThrow(/at least one batch/);
    expect(await trainer.snapshot()).toEqual(before);
    await trainer.dispose();
  });
});

describe('a gradient model and an apply model', () => {
  it('give the update of one large batch from the mean gradients of four shards', async () => {
    const options: TrainingOptions = {
      loss: 'crossEntropy',
      optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }),
    };
    const gradients = buildGradientModel(model, options);
    const apply = buildApplyModel(model, options);
    const shard = await ort.InferenceSession.create(gradients.bytes);
    const update = await ort.InferenceSession.create(apply.bytes);
    const names = (gradients.gradients ?? []).map(({ name }) => name);
    expect((apply.gradients ?? []).map(({ name }) => name)).toEqual(names);
    expect(update.inputNames).toEqual(expect.arrayContaining(names));

    const vector = ({ initial }: StateTensor): ort.Tensor =>
      new ort.Tensor('float32', Float32Array.from(initial), [initial.length]);
    const state = new Map(apply.state.map((tensor) => [tensor.input, vector(tensor)]));
    const scalar = (value: number): ort.Tensor => new ort.Tensor('float32', Float32Array.of(value), []);
    const trainer = await createTrainer(ort, model, options);
    for (let step = 0; step < 3; step++) {
      const weights = Object.fromEntries(
        gradients.state.map(({ input }) => [input, state.get(input) as ort.Tensor]),
      );
      const shards = await Promise.all(
        [0, 6, 12, 18].map((from) => shard.run({ ...batchOf(from, from + 6), ...weights }, names)),
      );
      const mean = names.map((name): [string, ort.Tensor] => {
        const each = shards.map((results) => results[name]?.data as Float32Array);
        const data = (each[0] as Float32Array).map(
          (_, i) => each.reduce((sum, v) => sum + (v[i] as number), 0) / 4,
        );
        return [name, new ort.Tensor('float32', data, [data.length])];
      });
      const results = await update.run({
        ...Object.fromEntries([...state, ...mean]),
        [apply.lr as string]: scalar(0.1),
        [apply.momentum?.name as string]: scalar(0.9),
      });
      for (const { input, output } of apply.state) state.set(input, results[output as string] as ort.Tensor);
      await trainer.trainStep(whole, { lr: 0.1 });
    }
    const [parameters] = apply.state;
    const expected = await trainer.parameters();
    for (const { name, dims, offset } of parameters?.parts ?? []) {
      const size = dims.reduce((n, dim) => n * dim, 1);
      const data = state.get(parameters?.input as string)?.data.slice(offset, offset + size) as Float32Array;
      expect(difference(data, expected.get(name)?.data as Float32Array), name).toBeLessThan(1e-6);
    }
    await Promise.all([shard.release(), update.release(), trainer.dispose()]);
  });
});
