import { describeTrainable, type TestModel } from '@clr/conformance';
import { type SgdOptions, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, it } from 'vitest';
import { smallBatch, smallModel } from '../../test/smallModel.ts';
import { type Batch, createTrainer } from '../index.ts';

async function model(
  options: SgdOptions,
  hyperparameters: readonly ('weightDecay' | 'clipNorm')[] = [],
): Promise<TestModel<Batch>> {
  const trainable = await createTrainer(ort, smallModel(), {
    ...{ loss: 'crossEntropy', optimizer: sgd(options), hyperparameters },
  });
  return {
    trainable,
    weights: async () => [...(await trainable.parameters()).values()].map(({ data }) => data),
  };
}

const good = smallBatch(0);
const long = (...values: number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);

describeTrainable<Batch>(
  '@clr/onnx on onnxruntime-node',
  {
    create: () => model({}),
    createWithMomentum: () => model({ momentum: 0.9 }),
    createWithHyperparameters: () => model({}, ['weightDecay', 'clipNorm']),
    batches: [4, 2, 3, 4].map((size, step) => smallBatch(step, size)),
    optional: ['average', 'predictBatch', 'constantAnswer', 'batchSharpness'],
    blank: ({ target, input }) => ({
      target: target!,
      input: new ort.Tensor('float32', new Float32Array(input!.size), input!.dims),
    }),
    size: ({ target }) => target!.dims[0]!,
    badBatches: {
      'no target': { input: good.input },
      'no input': { target: good.target },
      'an unknown input': { ...good, image: good.input },
      'an input of the wrong shape': {
        ...good,
        input: new ort.Tensor('float32', new Float32Array(36), [4, 9]),
      },
      'an input of the wrong type': {
        ...good,
        input: new ort.Tensor('float64', new Float64Array(32), [4, 8]),
      },
      'fewer targets than inputs': { ...good, target: long(0, 1) },
      'a label out of range': { ...good, target: long(0, 1, 2, 3) },
      'a negative label': { ...good, target: long(0, 1, 2, -5) },
      'no examples': { input: new ort.Tensor('float32', new Float32Array(0), [0, 8]), target: long() },
    },
  },
  { describe, it },
);
