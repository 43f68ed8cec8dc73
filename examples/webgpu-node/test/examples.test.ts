import { readFileSync } from 'node:fs';
import { toSchedule, train, triangular } from '@clr/core';
import { meets } from '@clr/tooling/needs';
import { hasOracle, oraclePath } from '@clr/tooling/oracle';
import { avgPool, conv2d, dense, hwcFromChw, type Layer, maxPool, network, relu } from '@clr/webgpu';
import { afterAll, describe, expect, it } from 'vitest';
import { openDevice } from '../src/device.ts';
import { trainJax } from '../src/jax.ts';
import { trainerFromOnnx } from '../src/onnxWeights.ts';
import { trainSpirals } from '../src/trainSpirals.ts';
import { fitParabola } from '../src/typegpu.ts';

const device = await openDevice().catch((error: Error) => error);
const hasDevice = meets('webgpu', !(device instanceof Error), String(device));

it('jax-js: one table of rates, one readback, and it learns', async () => {
  const policy = triangular({ baseLr: 0.02, maxLr: 0.2, stepSize: 20 });
  const { losses, rates } = await trainJax(policy, 120);
  expect(rates[20]).toBe(Math.fround(0.2));
  expect(losses).toHaveLength(120);
  expect(losses[119]).toBeLessThan((losses[0] as number) / 5);
});

describe.skipIf(!hasDevice)('on the device', () => {
  const gpu = device as GPUDevice;
  afterAll(() => gpu.destroy());

  it('spirals: finds its rates and learns the plane', async () => {
    const lines: string[] = [];
    const { accuracy, picture, baseLr, maxLr } = await trainSpirals(gpu, (line) => lines.push(line));
    expect(accuracy).toBeGreaterThan(0.9);
    expect(maxLr).toBeGreaterThan(baseLr);
    expect(new Set(picture)).toEqual(new Set(['█', '·', '\n']));
    expect(lines.some((line) => line.startsWith('Training'))).toBe(true);
  });

  it('TypeGPU buffers: fits the parabola it was given', async () => {
    const { weights } = await fitParabola(gpu);
    for (const [index, want] of [0.5, -2, 3].entries()) expect(weights[index]).toBeCloseTo(want, 3);
  });

  describe.skipIf(!hasOracle())('ONNX weights, steps as PyTorch took them', () => {
    const nets: Record<
      string,
      { input: [number, number, number]; layers: Layer[]; flattened?: [number, number, number] }
    > = {
      lenet: {
        input: [28, 28, 1],
        layers: [
          conv2d({ filters: 6, kernel: 5, padding: 2 }),
          relu(),
          maxPool({ size: 2 }),
          conv2d({ filters: 16, kernel: 5 }),
          relu(),
          maxPool({ size: 2 }),
          dense({ units: 120 }),
          relu(),
          dense({ units: 84 }),
          relu(),
          dense({ units: 10 }),
        ],
        flattened: [16, 5, 5],
      },
      'cifar-quick': {
        input: [32, 32, 3],
        layers: [
          conv2d({ filters: 32, kernel: 5, padding: 2 }),
          maxPool({ size: 3, stride: 2, ceil: true }),
          relu(),
          conv2d({ filters: 32, kernel: 5, padding: 2 }),
          relu(),
          avgPool({ size: 3, stride: 2, ceil: true }),
          conv2d({ filters: 64, kernel: 5, padding: 2 }),
          relu(),
          avgPool({ size: 3, stride: 2, ceil: true }),
          dense({ units: 64 }),
          dense({ units: 10 }),
        ],
        flattened: [64, 4, 4],
      },
    };
    interface Slice {
      readonly offset: number;
      readonly length: number;
    }
    interface Fixture {
      readonly batch: number;
      readonly policy: { readonly baseLr: number; readonly maxLr: number; readonly stepSize: number };
      readonly batches: readonly { readonly input: Slice; readonly target: Slice }[];
      readonly losses: readonly number[];
    }

    it.each(Object.entries(nets))('%s', async (name, { input, layers, flattened }) => {
      const fixture = JSON.parse(readFileSync(oraclePath(`onnx/${name}.json`), 'utf8')) as Fixture;
      const bytes = readFileSync(oraclePath(`onnx/${name}.bin`));
      const memory = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      const [rows, columns, channels] = input;
      const batches = fixture.batches.map((batch) => ({
        input: hwcFromChw(new Float32Array(memory, batch.input.offset, batch.input.length), [
          channels,
          rows,
          columns,
        ]),
        target: Array.from(
          new BigInt64Array(memory.slice(batch.target.offset), 0, batch.target.length),
          Number,
        ),
      }));
      const net = network({ input, layers, loss: 'crossEntropy' });
      const trainer = await trainerFromOnnx(gpu, oraclePath(`onnx/${name}.onnx`), net, {
        batch: fixture.batch,
        ...(flattened ? { flattened } : {}),
      });
      const { baseLr, maxLr, stepSize } = fixture.policy;
      const policy = toSchedule(triangular({ baseLr, maxLr, stepSize }));
      const run = await train(trainer, batches, { policy, steps: 12 });
      run.steps.forEach(({ loss }, step) => {
        expect(Math.abs((loss as number) - (fixture.losses[step] as number)), `step ${step}`).toBeLessThan(
          1e-4,
        );
      });
      await trainer.dispose();
    });
  });
});
