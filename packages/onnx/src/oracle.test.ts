import { sgd } from '@clr/core';
import { hasOracle } from '@clr/tooling/oracle';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { oracleModel, relativeError } from '../test/oracle.ts';
import { createTrainer } from './index.ts';

const models = ['mlp', 'lenet', 'cifar-quick', 'regressor'];
const tolerance = 1e-4;

describe.skipIf(!hasOracle())('against PyTorch', () => {
  it.each(models)('%s: gradients, 12 losses and final parameters', async (name) => {
    const oracle = oracleModel(name);
    const trainer = await createTrainer(ort, oracle.bytes, {
      loss: oracle.loss,
      optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
    });
    const first = oracle.batches[0]!;
    const gradients = await trainer.gradients(first);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(oracle.gradients).sort());
    const gradientError = Math.max(
      ...Object.entries(oracle.gradients).map(([key, stored]) =>
        relativeError(gradients.get(key)!.data, oracle.read(stored)),
      ),
    );
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { loss } = await trainer.trainStep(oracle.batches[step % 4]!, { lr: oracle.lr(step) });
      losses.push(await loss);
    }
    const lossError = Math.max(...losses.map((loss, i) => Math.abs(loss / oracle.losses[i]! - 1)));
    const parameters = await trainer.parameters();
    const finalError = Math.max(
      ...Object.entries(oracle.final).map(([key, stored]) =>
        relativeError(parameters.get(key)!.data, oracle.read(stored)),
      ),
    );
    const shown = [gradientError, lossError, finalError].map((error) => error.toExponential(1));
    console.log(
      `${name}: gradients ${shown[0]}, losses ${shown[1]}, final parameters ${shown[2]} (relative)`,
    );
    expect(gradientError).toBeLessThan(tolerance);
    expect(lossError).toBeLessThan(tolerance);
    expect(finalError).toBeLessThan(tolerance);
    await trainer.dispose();
  });
});
