import { ClrError, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import {
  buildApplyModel,
  buildEvaluationModel,
  buildGradientModel,
  buildTrainingModel,
  createTrainer,
} from '../index.ts';

const { FLOAT } = DataType;
const model = makeModel({
  inputs: [{ name: 'x', type: FLOAT, dims: ['{n}', 2] }],
  outputs: [{ name: 'y', type: FLOAT, dims: ['{n}', 2] }],
  initializers: [{ name: 'w', type: FLOAT, dims: [2, 2], values: [0.5, -1, 2, 0.25] }],
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
});
const right = { loss: 'mse', optimizer: sgd() } as const;

const wrong: readonly (readonly [given: unknown, message: RegExp])[] = [
  [undefined, /the options of [^,]*, an object with loss, optimizer, /],
  ['mse', /the options of [^,]*, an object/],
  [
    { ...right, trainables: () => true },
    /no other options .*trainable.*\nReceived: the unknown option trainables = a function/,
  ],
  [{ ...right, toString: 1 }, /Received: the unknown option toString = 1/],
  [{ optimizer: sgd() }, /Expected loss to be/],
  [{ loss: 'mse' }, /Expected optimizer to be made by sgd/],
  [{ ...right, loss: 'MSE' }, /Received: loss = "MSE"/],
  [{ ...right, loss: { output: 3 } }, /Expected loss to be/],
  [{ ...right, loss: { output: 'y', weight: 2 } }, /Expected loss to be/],
  [{ ...right, optimizer: sgd }, /Received: optimizer = a function/],
  [{ ...right, optimizer: { type: 'toString' } }, /optimizer.type = "toString"/],
  [{ ...right, optimizer: { type: 'sgd', momentum: -1 } }, /Received: momentum = -1/],
  [{ ...right, optimizer: { type: 'sgd', momentum: '0.9' } }, /Received: momentum = "0.9"/],
  [{ ...right, optimizer: { type: 'adam', betas: [0.9, 0.99] } }, /Received: betas/],
  [{ ...right, trainable: ['w'] }, /Expected trainable to be a function/],
  [{ ...right, trainable: /w/ }, /Expected trainable to be a function/],
  [{ ...right, trainable: async () => false }, /trainable to return true or false/],
  [{ ...right, trainable: () => 'no' }, /trainable\("w"\) = "no"/],
  [{ ...right, groups: { match: () => true } }, /Expected groups to be a list/],
  [{ ...right, groups: [null] }, /Expected the options of groups\[0\], an object/],
  [{ ...right, groups: [{ lrScale: 2 }] }, /groups\[0\] to have a function match/],
  [{ ...right, groups: [{ match: 'w' }] }, /Expected match to be a function/],
  [{ ...right, groups: [{ match: () => true, lrscale: 2 }] }, /Received: the unknown option lrscale = 2/],
  [{ ...right, groups: [{ match: () => 1 }] }, /match to return true or false/],
  [{ ...right, sizes: null }, /Expected sizes to be an object/],
  [{ ...right, output: 1 }, /Expected output to be the name/],
  [{ ...right, target: 'index' }, /target to be "indices" or "distribution"/],
  [{ ...right, provider: 'webgp' }, /provider to be "cpu" or "webgpu" or "any"/],
  [{ ...right, clipNorm: '1' }, /Expected clipNorm to be a number/],
  [{ ...right, hyperparameters: ['lr'] }, /Expected hyperparameters to be a list/],
  [{ ...right, loss: 'x'.repeat(5000) }, /Expected loss to be/],
];

const builders = [buildTrainingModel, buildGradientModel, buildApplyModel, buildEvaluationModel];

describe('options', () => {
  it.each(wrong)('are refused if they are invalid: %j', async (given, message) => {
    const refusal = await createTrainer(ort, model, given as never).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ClrError);
    expect((refusal as Error).message).toMatch(message);
    expect((refusal as Error).message.length).toBeLessThan(600);
    for (const build of builders) expect(() => build(model, given as never)).toThrow(message);
  });

  it.each([
    { schedule: { lr: Float32Array.of(0.1) } },
    { channelBlock: 8 },
    { session: null },
    { session: { executionProviders: 'webgpu' } },
  ])('are refused by createTrainer if it cannot use them: %j', async (options) => {
    await expect(createTrainer(ort, model, { ...right, ...options } as never)).rejects.toThrow(ClrError);
  });

  it("fill in an optimizer's defaults if its JSON lacks them", () => {
    const full = buildTrainingModel(model, { ...right, optimizer: sgd({ momentum: 0.9 }) });
    const brief = buildTrainingModel(model, { ...right, optimizer: { type: 'sgd', momentum: 0.9 } as never });
    expect(brief.bytes).toEqual(full.bytes);
  });
});

describe('a trainer', () => {
  it('refuses misuse with a ClrError', async () => {
    const trainer = await createTrainer(ort, model, right);
    const snapshot = await trainer.snapshot();
    const target = new ort.Tensor('float32', new Float32Array(2), [1, 2]);
    const misused: readonly (() => Promise<unknown>)[] = [
      () => trainer.average(undefined as never),
      () => trainer.restore(snapshot, 'partial' as never),
      () => trainer.restore(snapshot, { partial: 'no' as never }),
      () => trainer.evaluate({ x: target, target } as never),
      () => trainer.trainStep({ x: { type: 'float32', dims: undefined } as never, target }, { lr: 0.1 }),
    ];
    for (const misuse of misused) await expect(misuse()).rejects.toThrow(ClrError);
    const { score } = await trainer.predictBatch!({ x: target, target });
    for (const outputs of [new Float32Array(3), 'x' as never]) {
      expect(() => score(outputs)).toThrow('outputs to be a Float32Array of 2 elements');
    }
    await trainer.dispose();
    await expect(trainer.average([snapshot])).rejects.toThrow('dispose()');
  });
});
