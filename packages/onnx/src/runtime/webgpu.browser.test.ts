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

// A software adapter on a busy machine takes minutes for LeNet. A timeout would leave the runtime unusable.
describe('onnxruntime-web, WebGPU, in Chromium', { timeout: 1_800_000 }, () => {
  it('gives the gradients, losses and weights of PyTorch: mlp', async () => {
    console.log('mlp', await checkTrainings(ort, await fetchOracle(ort.Tensor, 'mlp'), session));
  });
  // This net has convolutions and max pools. A software adapter takes seconds for a step.
  it('gives the gradients of PyTorch, and the losses of its first training run: lenet', async () => {
    console.log('lenet', await checkTrainings(ort, await fetchOracle(ort.Tensor, 'lenet'), session, 1));
  });
  it('restores a snapshot: mlp', async () => {
    await checkSnapshot(ort, await fetchOracle(ort.Tensor, 'mlp'), session);
  });
  it('runs the range test: mlp', async () => {
    await checkRangeTest(ort, await fetchOracle(ort.Tensor, 'mlp'), session);
  });

  it('draws the same Dropout masks as other runtimes', async () => {
    await checkDropout(ort, session);
  });

  it.each(optimizers)('trains mlp as on the CPU: $type', async (optimizer) => {
    await checkOptimizer(ort, optimizer, await fetchOracle(ort.Tensor, 'mlp'), session, {
      executionProviders: ['wasm'],
    });
  });
});
