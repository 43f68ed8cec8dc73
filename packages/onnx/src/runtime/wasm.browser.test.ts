import * as ort from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import { checkDropout, checkRangeTest, checkSnapshot, checkTrainings } from '../../test/checkRuntime.ts';
import { fetchOracle } from '../../test/fetchOracle.ts';

describe('onnxruntime-web, WebAssembly, in Chromium', () => {
  it('runs in a browser', () => {
    expect('document' in globalThis).toBe(true);
    expect(ort.env.versions.web).toBeDefined();
  });

  it.each(['mlp', 'lenet'] as const)(
    'gives the gradients, losses and weights of PyTorch: %s',
    async (name) => {
      console.log(name, await checkTrainings(ort, await fetchOracle(ort.Tensor, name)));
    },
  );

  it.each(['mlp', 'lenet'] as const)('restores a snapshot: %s', async (name) => {
    await checkSnapshot(ort, await fetchOracle(ort.Tensor, name));
  });

  it('runs the range test: mlp', async () => {
    await checkRangeTest(ort, await fetchOracle(ort.Tensor, 'mlp'));
  });

  it('draws the same Dropout masks as other runtimes', async () => {
    await checkDropout(ort);
  });
});
