import * as ort from 'onnxruntime-node';
import { describe, it } from 'vitest';
import { checkTrainings } from '../test/checkRuntime.ts';
import { oracleModel } from '../test/oracle.ts';

const models = ['mlp', 'lenet', 'cifar-quick', 'regressor', 'resnet-mini', 'bn-frozen', 'encoder'];

// The first takes channels in blocks as the processor has them (8 or 16); below it, one by one.
describe.each(['all', 'extended'] as const)('against PyTorch, optimized: %s', (graphOptimizationLevel) => {
  it.each(models)('%s: gradients, 12 losses, trained weights and running statistics', async (name) => {
    const errors = await checkTrainings(ort, oracleModel(name), { graphOptimizationLevel });
    const texts = Object.entries(errors).map(([what, error]) => `${what} ${error.toExponential(1)}`);
    console.log(`${name}, relative error: ${texts.join(', ')}`);
  });
});
