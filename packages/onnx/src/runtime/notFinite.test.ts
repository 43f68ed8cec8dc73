import { analyzeRangeTest, parseRun, parseTrace, rangeTest, sgd, train, triangular } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { type Batch, createTrainer, type OnnxTrainer } from '../index.ts';
import { dataFault } from './dataFault.ts';

const float = DataType.FLOAT;

/**
 * A model whose loss is the mean of x·w, with 0 for elements that are not below 10⁹. So NaN in x does not reach the
 * loss.
 */
const hiding = makeModel({
  inputs: [{ name: 'x', type: float, dims: ['{batch}', 2] }],
  outputs: [{ name: 'loss', type: float, dims: [] }],
  initializers: [
    { name: 'w', type: float, dims: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    { name: 'most', type: float, dims: [], values: [1e9] },
    { name: 'zero', type: float, dims: [], values: [0] },
  ],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
    { op: 'Less', inputs: ['h', 'most'], outputs: ['good'] },
    { op: 'Where', inputs: ['good', 'h', 'zero'], outputs: ['c'] },
    { op: 'ReduceMean', inputs: ['c'], outputs: ['loss'], attributes: { keepdims: 0 } },
  ],
});

const batch = (...x: number[]): Batch => ({ x: new ort.Tensor('float32', x, [x.length / 2, 2]) });
const good = batch(1, 2, 3, 4);
const bad = batch(1, 2, Number.NaN, 4);

const create = (): Promise<OnnxTrainer> =>
  createTrainer(ort, hiding, { loss: { output: 'loss' }, optimizer: sgd({ momentum: 0.9 }) });

const finite = async (trainer: OnnxTrainer): Promise<boolean> =>
  (await trainer.parameters()).get('w')!.data.every(Number.isFinite);

describe('a step after which a parameter is not finite', () => {
  it('has the loss NaN even if the forward pass hides the fault, while a good step has its true loss', async () => {
    const trainer = await create();
    expect(await (await trainer.trainStep(good, { lr: 0.01 })).loss).toBeCloseTo(19, 4);
    expect(await (await trainer.evaluate([bad])).loss).toBeTypeOf('number');
    expect((await trainer.evaluate([bad])).loss).toBeGreaterThan(0);
    expect(await (await trainer.trainStep(bad, { lr: 0.01 })).loss).toBeNaN();
    expect(await finite(trainer)).toBe(false);
    await trainer.dispose();
  });

  it('has the loss NaN if the gradients are finite but the update is not', async () => {
    const trainer = await create();
    const huge = batch(1e-3, -1e-3);
    expect(await (await trainer.trainStep(huge, { lr: 1e38 })).loss).toBeLessThan(1);
    const last = await trainer.trainStep(batch(1e9, -1e9), { lr: 1e38 });
    expect(await last.loss).toBeNaN();
    expect(await finite(trainer)).toBe(false);
    await trainer.dispose();
  });

  it('has the loss NaN if one of several batches causes it', async () => {
    const trainer = await create();
    expect((await trainer.trainStep([good, good], { lr: 0.01 })).loss).toBeCloseTo(19, 4);
    expect((await trainer.trainStep([good, bad], { lr: 0.01 })).loss).toBeNaN();
    await trainer.dispose();
  });

  it('ends a training run and a range test as diverged', async () => {
    const trainer = await create();
    const batches = [good, good, bad, good];
    const before = await trainer.snapshot();
    const policy = triangular({ baseLr: 1e-4, maxLr: 1e-3, stepSize: 10 });
    const run = await train(trainer, batches, { policy, steps: 20 });
    expect(run.stopped).toMatchObject({ step: 3, reason: 'diverged' });
    await trainer.restore(before);
    const trace = await rangeTest(trainer, batches, { startLr: 1e-6, endLr: 1e-3, steps: 20 });
    expect(trace.stopped?.reason).toBe('diverged');
    expect(await trainer.snapshot()).toEqual(before);
    await trainer.dispose();
  });
});

describe('data that is not finite', () => {
  it('is named by input, example and position if the rate cannot be the cause', async () => {
    const trainer = await create();
    const batches = [good, good, bad, good];
    const policy = triangular({ baseLr: 1e-9, maxLr: 1e-8, stepSize: 10 });
    const run = await train(trainer, batches, { policy, steps: 20 });
    const fault = '"x" of example 1 is NaN at [0]';
    expect(run.stopped).toEqual({ step: 3, reason: 'diverged', fault });
    expect(run.steps.at(-1)).toMatchObject({ step: 2, loss: null, fault });
    expect(parseRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    await trainer.dispose();
  });

  it("is named in a range test's reason, which blames the data and not the rate", async () => {
    const trainer = await create();
    const trace = await rangeTest(trainer, [good, good, bad, good], {
      startLr: 1e-6,
      endLr: 1e-3,
      steps: 20,
    });
    expect(parseTrace(JSON.parse(JSON.stringify(trace)))).toEqual(trace);
    const { suggestion, reasons } = analyzeRangeTest(trace);
    expect(suggestion).toBeNull();
    expect(reasons.join(' ')).toContain('because of the data: "x" of example 1 is NaN at [0]. Fix or remove');
    await trainer.dispose();
  });

  it('is found in targets, and in any of several batches', () => {
    const target = new ort.Tensor('float32', [1, Number.POSITIVE_INFINITY, 0], [3]);
    expect(dataFault({ ...good, target })).toBe('"target" of example 1 is Infinity');
    expect(dataFault([good, bad])).toBe('"x" of example 1 is NaN at [0], in batch 1 of the step');
    expect(dataFault(good)).toBeUndefined();
    expect(dataFault({ target: new ort.Tensor('int64', BigInt64Array.of(1n), [1]) })).toBeUndefined();
  });
});

describe('exportModel after a run that diverged', () => {
  it('refuses weights that are not finite, unless they are requested', async () => {
    const trainer = await create();
    const before = await trainer.snapshot();
    await trainer.trainStep(bad, { lr: 0.1 });
    await expect(trainer.exportModel()).rejects.toThrow(
      /Expected finite weights.*"w"\[\d\] = NaN.*nonFinite: true/s,
    );
    expect((await trainer.exportModel({ nonFinite: true })).length).toBe(hiding.length);
    await trainer.restore(before);
    expect(await trainer.exportModel()).toEqual(hiding);
    await trainer.dispose();
  });
});
