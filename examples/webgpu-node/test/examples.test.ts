import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sgd, triangular } from '@clr/core';
import { meets } from '@clr/tooling/needs';
import { avgPool, conv2d, dense, hwcFromChw, type Layer, maxPool, network, relu } from '@clr/webgpu';
import { afterAll, describe, expect, it } from 'vitest';
import { openDevice } from '../src/device.ts';
import { trainJax } from '../src/jax.ts';
import { trainerFromOnnx } from '../src/onnxWeights.ts';
import { trainSpirals } from '../src/trainSpirals.ts';
import { fitParabola } from '../src/typegpu.ts';

/** A model file, and training runs of this model in PyTorch. */
interface Fixture {
  readonly optimizer: { readonly momentum: number; readonly weightDecay: number };
  readonly batches: readonly {
    readonly input: { readonly offset: number; readonly length: number };
    readonly target: { readonly data: readonly number[] };
  }[];
  readonly runs: readonly {
    readonly batches: readonly number[];
    readonly lr: readonly number[];
    readonly losses: readonly number[];
  }[];
}

const device = await openDevice().catch((error: Error) => error);
const hasDevice = meets('webgpu', !(device instanceof Error), String(device));

it('jax-js: learns with one table of rates and one readback', async () => {
  const policy = triangular({ baseLr: 0.02, maxLr: 0.2, stepSize: 20 });
  const { losses, rates } = await trainJax(policy, 120);
  expect(rates[20]).toBe(Math.fround(0.2));
  expect(losses).toHaveLength(120);
  expect(losses[119]).toBeLessThan((losses[0] as number) / 5);
});

describe.skipIf(!hasDevice)('examples on the device', () => {
  const gpu = device as GPUDevice;
  afterAll(() => gpu.destroy());

  it('spirals: finds the rates and learns to separate the classes', async () => {
    const lines: string[] = [];
    const { accuracy, picture, baseLr, maxLr } = await trainSpirals(gpu, (line) => lines.push(line));
    expect(accuracy).toBeGreaterThan(0.9);
    expect(maxLr).toBeGreaterThan(baseLr);
    expect(new Set(picture)).toEqual(new Set(['█', '·', '\n']));
    expect(lines.some((line) => line.startsWith('Training'))).toBe(true);
  });

  it('TypeGPU: fits a parabola whose weights are in TypeGPU buffers', async () => {
    const { weights } = await fitParabola(gpu);
    for (const [index, want] of [0.5, -2, 3].entries()) expect(weights[index]).toBeCloseTo(want, 3);
  });

  describe('a trainer from ONNX weights takes the same steps as PyTorch', () => {
    const nets: Record<
      string,
      { input: [number, number, number]; layers: Layer[]; flattened: [number, number, number] }
    > = {
      lenet: {
        input: [28, 28, 1],
        layers: [
          conv2d({ filters: 4, kernel: 5, padding: 2 }),
          relu(),
          maxPool({ size: 2 }),
          conv2d({ filters: 8, kernel: 5 }),
          relu(),
          maxPool({ size: 2 }),
          dense({ units: 24 }),
          relu(),
          dense({ units: 16 }),
          relu(),
          dense({ units: 10 }),
        ],
        flattened: [8, 5, 5],
      },
      'cifar-quick': {
        input: [32, 32, 3],
        layers: [
          conv2d({ filters: 16, kernel: 5, padding: 2 }),
          maxPool({ size: 3, stride: 2, ceil: true }),
          relu(),
          conv2d({ filters: 16, kernel: 5, padding: 2 }),
          relu(),
          avgPool({ size: 3, stride: 2, ceil: true }),
          conv2d({ filters: 32, kernel: 5, padding: 2 }),
          relu(),
          avgPool({ size: 3, stride: 2, ceil: true }),
          dense({ units: 16 }),
          dense({ units: 10 }),
        ],
        flattened: [32, 4, 4],
      },
    };
    const path = (file: string): string =>
      createRequire(import.meta.url).resolve(`@clr/tooling/oracle/models/${file}`);

    it.each(Object.entries(nets))('for %s', async (name, { input, layers, flattened }) => {
      const fixture = JSON.parse(readFileSync(path(`${name}.json`), 'utf8')) as Fixture;
      const bytes = readFileSync(path(`${name}.bin`));
      const [rows, columns, channels] = input;
      const batches = fixture.batches.map((batch) => {
        const { offset, length } = batch.input;
        const pixels = Float32Array.from(
          Int8Array.from(bytes.subarray(offset, offset + length)),
          (p) => p / 16,
        );
        return { input: hwcFromChw(pixels, [channels, rows, columns]), target: batch.target.data };
      });
      const trainer = await trainerFromOnnx(
        gpu,
        path(`${name}.onnx`),
        network({ input, layers, loss: 'crossEntropy' }),
        { optimizer: sgd(fixture.optimizer), batch: 8, flattened },
      );
      // PyTorch starts each run from the weights in the file.
      const start = await trainer.snapshot();
      for (const [index, run] of fixture.runs.entries()) {
        await trainer.restore(start);
        for (const [step, lr] of run.lr.entries()) {
          const { loss } = await trainer.trainStep(batches[run.batches[step]!]!, { lr });
          expect(Math.abs((await loss) - run.losses[step]!), `run ${index}, step ${step}`).toBeLessThan(1e-5);
        }
      }
      await trainer.dispose();
    });
  });
});
