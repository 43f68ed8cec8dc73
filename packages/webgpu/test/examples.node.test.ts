import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import { afterAll, describe } from 'vitest';
import { f32 } from '../src/device/wgsl.ts';
import * as webgpu from '../src/index.ts';
import { upload } from './buffers.ts';
import { hasDevice, openDevice, openGpu } from './device.ts';
import { goals, tinyModel } from './tinyModel.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describe.skipIf(!hasDevice)('on a device', async () => {
  const device = hasDevice ? await openDevice() : (undefined as never);
  afterAll(() => device?.destroy());

  /** Names that the examples use without declaring them. */
  async function scope(): Promise<Record<string, unknown>> {
    const { value, gradient, loss } = tinyModel(device);
    const [weights, slopes] = [upload(device, new Float32Array(256)), upload(device, new Float32Array(256))];
    return {
      ...core,
      ...webgpu,
      f32,
      device,
      navigator: { gpu: await openGpu() },
      policy: core.triangular({ baseLr: 1e-4, maxLr: 1e-3, stepSize: 5 }),
      lenet: webgpu.network({
        input: [2],
        layers: [webgpu.dense({ units: 10 })],
        loss: 'crossEntropy',
      }),
      value: weights,
      gradient: slopes,
      length: 256,
      parameters: [{ value, gradient, length: 4 }],
      encodeMyGradients: () => undefined,
      model: { encode: () => undefined, loss },
      batches: goals,
      images: new Float32Array(130),
      labels: Array.from({ length: 65 }, (_, index) => index % 10),
    };
  }

  const modules = { '@clr/core': core, '@clr/webgpu': webgpu };

  describeExamples({
    sources: path('../src'),
    exports: [webgpu],
    pages: [path('../README.md')],
    scope,
    modules,
  });

  describeExamples({
    pages: [path('../../../README.md')],
    only: (code) => code.includes("'@clr/webgpu'"),
    scope,
    modules,
  });
});
