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
describe.skipIf(!runs)('onnxruntime-node, WebGPU', { timeout: 120_000 }, () => {
  it('mlp: gradients, losses and weights agree with PyTorch’s', async () => {
    console.log('mlp', await checkTrainings(ort, oracleModel('mlp'), session));
  });

  it('mlp: snapshot and restore', async () => {
    await checkSnapshot(ort, oracleModel('mlp'), session);
  });

  it('draws the same Dropout masks as every runtime', async () => {
    await checkDropout(ort, session);
  });

  it.each(optimizers)('mlp: $type trains as on the CPU', async (optimizer) => {
    await checkOptimizer(ort, optimizer, oracleModel('mlp'), session, { executionProviders: ['cpu'] });
  });
});
