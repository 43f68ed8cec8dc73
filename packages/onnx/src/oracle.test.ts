import { sgd } from '@clr/core';
import { hasOracle } from '@clr/tooling/oracle';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type OracleModel, oracleModel, relativeError } from '../test/oracle.ts';
import { readModel } from './graph/model.ts';
import { floatData } from './graph/tensor.ts';
import { createTrainer } from './index.ts';

const models = ['mlp', 'lenet', 'cifar-quick', 'regressor', 'resnet-mini', 'bn-frozen', 'encoder'];
const tolerance = 1e-4;
const steps = 12;

/** How many values each channel's statistics are taken over in resnet-mini. */
const positions = (buffer: string): number => 8 * (buffer.startsWith('3.') ? 8 * 8 : 16 * 16);

/**
 * The running statistics in an exported model as PyTorch has them: its variances are unbiased, and its run
 * started at mean 0 and variance 1, where the file already holds the one update that exporting it made.
 */
function runningStatistics(oracle: OracleModel, exported: Uint8Array): Map<string, Float32Array> {
  const start = new Map(readModel(oracle.bytes).graph.initializer.map((tensor) => [tensor.name, tensor]));
  const end = new Map(readModel(exported).graph.initializer.map((tensor) => [tensor.name, tensor]));
  return new Map(
    Object.keys(oracle.buffers).map((name) => {
      const first = floatData(start.get(name)!);
      const last = floatData(end.get(name)!);
      const variance = name.endsWith('running_var');
      const bias = variance ? positions(name) / (positions(name) - 1) : 1;
      const kept = 0.9 ** steps;
      const fresh = variance ? 1 : 0;
      return [name, last.map((value, i) => (value - kept * first[i]!) * bias + kept * fresh)];
    }),
  );
}

describe.skipIf(!hasOracle())('against PyTorch', () => {
  it.each(models)('%s: gradients, 12 losses, final parameters and running statistics', async (name) => {
    const oracle = oracleModel(name);
    const trainer = await createTrainer(ort, oracle.bytes, {
      loss: oracle.loss,
      optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
    });
    const gradients = await trainer.gradients(oracle.batches[0]!);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(oracle.gradients).sort());

    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const { loss } = await trainer.trainStep(oracle.batches[step % 4]!, { lr: oracle.lr(step) });
      losses.push(await loss);
    }
    const parameters = await trainer.parameters();
    const buffers = runningStatistics(oracle, await trainer.exportModel());

    const worst = (
      expected: OracleModel['final'],
      actual: (key: string) => ArrayLike<number>,
      floor = 0,
    ): number =>
      Object.entries(expected).reduce(
        (most, [key, stored]) => Math.max(most, relativeError(actual(key), oracle.read(stored), floor)),
        0,
      );
    // A convolution's bias before batch normalisation has the gradient 0: both sides hold rounding noise of
    // 1e-7, so each gradient is measured against its own size or a hundredth of the model's largest.
    const largest = Object.values(oracle.gradients).reduce(
      (most, stored) => oracle.read(stored).reduce((max, value) => Math.max(max, Math.abs(value)), most),
      0,
    );
    const errors = {
      gradients: worst(oracle.gradients, (key) => gradients.get(key)!.data, largest / 100),
      losses: relativeError(losses, oracle.losses),
      parameters: worst(oracle.final, (key) => parameters.get(key)!.data),
      statistics: worst(oracle.buffers, (key) => buffers.get(key)!),
    };
    console.log(
      `${name}, relative error:`,
      Object.entries(errors)
        .map(([what, error]) => `${what} ${error.toExponential(1)}`)
        .join(', '),
    );
    for (const error of Object.values(errors)) expect(error).toBeLessThan(tolerance);
    await trainer.dispose();
  });
});
