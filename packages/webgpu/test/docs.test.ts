import * as core from '@clr/core';
import { afterAll, describe, expect, it } from 'vitest';
import readme from '../README.md?raw';
import { f32 } from '../src/device/wgsl.ts';
import * as webgpu from '../src/index.ts';
import { upload } from './buffers.ts';
import { hasDevice, openDevice, openGpu } from './device.ts';
import { goals, tinyModel } from './tinyModel.ts';

const sources = import.meta.glob<string>('../src/**/*.ts', { query: '?raw', import: 'default', eager: true });

/** Every example of the doc comments and of the README, with where it stands. */
const examples = [
  ...Object.entries(sources).flatMap(([path, source]) => {
    const found = source.matchAll(/@example\n \* ```ts\n([\s\S]*?)\n? \* ```/g);
    return Array.from(found, ([, text], index) => [
      `${path} ${index + 1}`,
      (text as string).replace(/^ \* ?/gm, ''),
    ]);
  }),
  ...Array.from(readme.matchAll(/```ts\n([\s\S]*?)```/g), ([, text], index) => [
    `README ${index + 1}`,
    (text as string).replace(
      /^import \{(.*?)\} from '(.*?)';$/gm,
      (_, names, from) => `const {${names}} = modules['${from}'];`,
    ),
  ]),
] as [string, string][];

describe.skipIf(!hasDevice)('the examples in the documentation run', async () => {
  const device = hasDevice ? await openDevice() : (undefined as never);
  afterAll(() => device?.destroy());

  /** What the examples take for granted. */
  async function surroundings() {
    const { trainable, value, gradient } = tinyModel(device);
    const [weights, slopes, loss] = [new Float32Array(256), new Float32Array(256), [0]].map((data) =>
      upload(device, data),
    );
    const policy = core.triangular({ baseLr: 1e-4, maxLr: 1e-3, stepSize: 5 });
    const lenet = webgpu.network({ input: [2], layers: [webgpu.dense({ units: 10 })], loss: 'crossEntropy' });
    const gpu = await openGpu();
    return {
      ...core,
      ...webgpu,
      f32,
      device,
      trainable,
      policy,
      lenet,
      gpu,
      modules: { '@clr/core': core, '@clr/webgpu': webgpu },
      navigator: { gpu },
      value: weights,
      gradient: slopes,
      length: 256,
      loss,
      parameters: [{ value, gradient, length: 4 }],
      encodeMyGradients: () => undefined,
      encoder: device.createCommandEncoder(),
      optimizer: webgpu.createOptimizer(device, core.sgd(), [{ value, gradient, length: 4 }], policy),
      model: { encode: () => undefined, loss },
      batches: goals,
      steps: 3,
      data: new Float32Array(120 * 400),
      trainer: { setParameters: () => undefined },
      images: new Float32Array(130),
      labels: Array.from({ length: 65 }, (_, index) => index % 10),
    };
  }

  it('there are some', () => {
    expect(examples.length).toBeGreaterThan(15);
  });

  it.each(examples)('%s', async (_, text) => {
    const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
      ...parts: string[]
    ) => (env: object) => Promise<void>;
    await new AsyncFunction('env', `with (env) {\n${text}\n}`)(await surroundings());
  });

  it('f32 says what its example says', () => {
    expect(f32(0.1)).toBe('0.10000000149011612f');
  });
});
