import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { checkGradients, checkTrainings } from '../test/checkRuntime.ts';
import { oracleModel } from '../test/oracle.ts';
import { plainBlocks } from '../test/plainBlocks.ts';
import { buildGradientModel } from './index.ts';

const models = ['mlp', 'lenet', 'cifar-quick', 'regressor', 'resnet-mini', 'bn-frozen', 'encoder'];

// `all` uses the NCHWc layout with the processor's block size (8 or 16); `extended` does not.
describe.each(['all', 'extended'] as const)(
  'training with optimization level %s',
  (graphOptimizationLevel) => {
    it.each(models)(
      'matches PyTorch for %s: gradients, 12 losses, trained weights and running statistics',
      async (name) => {
        const errors = await checkTrainings(ort, oracleModel(name), { graphOptimizationLevel });
        const texts = Object.entries(errors).map(([what, error]) => `${what} ${error.toExponential(1)}`);
        console.log(`${name}, relative error: ${texts.join(', ')}`);
      },
    );
  },
);

// The blocked operators are rewritten as standard ones, so that the test runs on every processor.
describe.each([8, 16])('a model in NCHWc layout with blocks of %i channels', (channelBlock) => {
  it.each([
    ['lenet', 8],
    ['cifar-quick', 16],
    ['resnet-mini', 16],
    ['bn-frozen', 8],
  ])("gives PyTorch's gradients for %s", async (name, channels) => {
    const oracle = oracleModel(name);
    const options = { loss: oracle.loss, optimizer: sgd(), channelBlock };
    const { bytes, state, gradients = [] } = buildGradientModel(oracle.bytes, options);
    const plain = plainBlocks(bytes, channelBlock);
    if (channels >= channelBlock) expect(plain.blocked).toBeGreaterThan(0);

    const session = await ort.InferenceSession.create(plain.bytes);
    const vectors = state.map(({ input, initial }): [string, ort.Tensor] => [
      input,
      new ort.Tensor('float32', Float32Array.from(initial), [initial.length]),
    ]);
    const results = await session.run({ ...oracle.batches[0], ...Object.fromEntries(vectors) });
    await session.release();
    const found = gradients.flatMap((vector) =>
      vector.parts.map(({ name: parameter, dims, offset }): [string, { data: Float32Array }] => {
        const data = results[vector.name]?.data as Float32Array;
        return [parameter, { data: data.slice(offset, offset + dims.reduce((a, b) => a * b, 1)) }];
      }),
    );
    checkGradients(oracle, new Map(found));
  });
});
