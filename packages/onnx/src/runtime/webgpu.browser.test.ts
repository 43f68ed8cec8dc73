import * as ort from 'onnxruntime-web/webgpu';
import { describe, it } from 'vitest';
import {
  checkDropout,
  checkOptimizer,
  checkRangeTest,
  checkSnapshot,
  checkTrainings,
  optimizers,
} from '../../test/checkRuntime.ts';
import { fetchOracle } from '../../test/fetchOracle.ts';

const session = { executionProviders: ['webgpu'], logSeverityLevel: 3 as const };

// A software adapter on a busy machine takes minutes for LeNet, and a test that is cut leaves the runtime unusable.
describe('onnxruntime-web, WebGPU, in Chromium', { timeout: 1_800_000 }, () => {
  it('mlp: gradients, losses and weights are PyTorch’s', async () => {
    console.log('mlp', await checkTrainings(ort, await fetchOracle(ort.Tensor, 'mlp'), session));
  });
  // Convolutions and max pools; a software adapter takes seconds for a step.
  it('lenet: gradients and the first training are PyTorch’s', async () => {
    console.log('lenet', await checkTrainings(ort, await fetchOracle(ort.Tensor, 'lenet'), session, 1));
  });
  it('mlp: snapshot and restore', async () => {
    await checkSnapshot(ort, await fetchOracle(ort.Tensor, 'mlp'), session);
  });
  it('mlp: the range test', async () => {
    await checkRangeTest(ort, await fetchOracle(ort.Tensor, 'mlp'), session);
  });

  it('Dropout draws the masks of every runtime', async () => {
    await checkDropout(ort, session);
  });

  it.each(optimizers)('mlp: $type does what it does on the CPU', async (optimizer) => {
    await checkOptimizer(ort, optimizer, await fetchOracle(ort.Tensor, 'mlp'), session, {
      executionProviders: ['wasm'],
    });
  });
});
