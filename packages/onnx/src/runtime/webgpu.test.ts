import { meets } from '@clr/tooling/needs';
import * as ort from 'onnxruntime-node';
import { describe, it } from 'vitest';
import {
  checkDropout,
  checkOptimizer,
  checkSnapshot,
  checkTrainings,
  optimizers,
} from '../../test/checkRuntime.ts';
import { oracleModel } from '../../test/oracle.ts';
import { obstacle, webgpu as session } from '../../test/webgpuProvider.ts';

const why = await obstacle();
const runs = meets('webgpu', why === undefined, `onnxruntime-node's WebGPU provider: ${why}`);

// A software adapter takes about a second to compile each shader.
describe.skipIf(!runs)('onnxruntime-node, WebGPU', () => {
  it('gives the gradients, losses and weights of PyTorch: mlp', async () => {
    console.log('mlp', await checkTrainings(ort, oracleModel('mlp'), session));
  });

  it('restores a snapshot: mlp', async () => {
    await checkSnapshot(ort, oracleModel('mlp'), session);
  });

  it('draws the same Dropout masks as other runtimes', async () => {
    await checkDropout(ort, session);
  });

  it.each(optimizers)('trains mlp as on the CPU: $type', async (optimizer) => {
    await checkOptimizer(ort, optimizer, oracleModel('mlp'), session, { executionProviders: ['cpu'] });
  });
});
