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

// A software adapter compiles each shader for about a second.
describe.skipIf(!runs)('onnxruntime-node, WebGPU', { timeout: 120_000 }, () => {
  it('mlp: gradients, losses and weights are PyTorch’s', async () => {
    console.log('mlp', await checkTrainings(ort, oracleModel('mlp'), session));
  });

  it('mlp: snapshot and restore', async () => {
    await checkSnapshot(ort, oracleModel('mlp'), session);
  });

  it('Dropout draws the masks of every runtime', async () => {
    await checkDropout(ort, session);
  });

  it.each(optimizers)('mlp: $type does what it does on the CPU', async (optimizer) => {
    await checkOptimizer(ort, optimizer, oracleModel('mlp'), session, { executionProviders: ['cpu'] });
  });
});
