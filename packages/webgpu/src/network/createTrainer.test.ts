import { adam, constant, rangeTest, sgd, train, triangular } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDevice, openDevice, openGpu } from '../../test/device.ts';
import { uniform } from './compile/random.ts';
import { createTrainer } from './createTrainer.ts';
import { avgPool, batchNorm, conv2d, dense, dropout, maxPool, type PoolLayer, relu, tanh } from './layers.ts';
import { network } from './network.ts';

const draw = uniform(3);
const noise = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * draw() - 1);
const labels = (count: number, classes: number): number[] =>
  Array.from({ length: count }, () => Math.floor(draw() * classes));

describe.skipIf(!hasDevice)('createTrainer', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  const policy = triangular({ baseLr: 0.02, maxLr: 0.2, stepSize: 4 });
  const small = network({
    input: [6, 6, 1],
    layers: [
      conv2d({ filters: 4, kernel: 3 }),
      batchNorm(),
      relu(),
      maxPool({ size: 2 }),
      dropout({ rate: 0.25 }),
      dense({ units: 3 }),
    ],
    loss: 'crossEntropy',
  });
  const data = { input: noise(40 * 36), target: labels(40, 3) };

  it('takes each example once an epoch, in another order every epoch', async () => {
    const net = network({ input: [1], layers: [dense({ units: 1 })], loss: 'mse' });
    const trainer = await createTrainer(device, net, {
      optimizer: sgd(),
      policy: () => 0,
      batch: 1,
      seed: 7,
    });
    trainer.setParameters([
      ['dense1.weight', [0]],
      ['dense1.bias', [0]],
    ]);
    const count = 13;
    trainer.setData({ input: new Float32Array(count), target: Array.from({ length: count }, (_, i) => i) });
    const { losses } = await trainer.trainSteps(3 * count);
    const order = Array.from(losses, (loss) => Math.round(Math.sqrt(loss)));
    const epochs = [0, 1, 2].map((epoch) => order.slice(epoch * count, (epoch + 1) * count));
    for (const epoch of epochs) {
      expect([...epoch].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    }
    expect(new Set(epochs.map(String)).size).toBe(3);
    trainer.dispose();
  });

  it('learns, with the same bits whether steps are submitted all at once or a few at a time', async () => {
    const runs: Float32Array[] = [];
    for (const portions of [[30], [1, 7, 22]]) {
      const trainer = await createTrainer(device, small, {
        optimizer: adam(),
        policy,
        batch: 8,
        tableSteps: 8,
      });
      trainer.setData(data);
      const losses: number[] = [];
      for (const portion of portions) losses.push(...(await trainer.trainSteps(portion)).losses);
      runs.push(Float32Array.from(losses));
      expect(trainer.optimizer.step).toBe(30);
      trainer.dispose();
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]?.at(-1)).toBeLessThan(runs[0]?.[0] as number);
  });

  it('gives bit-identical results for every tile size, fixed or chosen by measuring', async () => {
    const runs: Float32Array[] = [];
    for (const tile of [4, 8, 'measure'] as const) {
      const trainer = await createTrainer(device, small, { optimizer: adam(), policy, batch: 8, tile });
      trainer.setData(data);
      runs.push((await trainer.trainSteps(6)).losses);
      const mean = (await trainer.parameters()).get('batchNorm1.mean')?.data as Float32Array;
      runs.push(mean);
      trainer.dispose();
    }
    expect(runs[2]).toEqual(runs[0]);
    expect(runs[3]).toEqual(runs[1]);
    expect(runs[4]).toEqual(runs[0]);
    expect(runs[5]).toEqual(runs[1]);
  });

  it('resumes with the same dropout, running statistics and order of examples', async () => {
    const make = () => createTrainer(device, small, { optimizer: adam(), policy, batch: 8, seed: 3 });
    const first = await make();
    first.setData(data);
    await first.trainSteps(9);
    const snapshot = structuredClone(await first.snapshot());
    const expected = await first.trainSteps(9);
    const second = await make();
    second.setData(data);
    await second.trainSteps(2); // moves to another state
    await second.restore(snapshot);
    expect(await second.trainSteps(9)).toEqual(expected);
    expect(await second.parameters()).toEqual(await first.parameters());
    first.dispose();
    second.dispose();
  });

  it.each([4, 8] as const)('trains all layers on a device with default limits, tile %d', async (tile) => {
    const adapter = await (await openGpu())?.requestAdapter();
    const plain = (await adapter?.requestDevice()) as GPUDevice; // WebGPU's default limits
    const net = network({
      input: [12, 12, 2],
      layers: [
        conv2d({ filters: 6, kernel: 3 }),
        batchNorm(),
        relu(),
        maxPool({ size: 2 }),
        dropout({ rate: 0.2 }),
        conv2d({ filters: 5, kernel: 3, padding: 1, stride: 2 }),
        avgPool({ size: 2, padding: 1 }),
        dense({ units: 3 }),
      ],
      loss: 'crossEntropy',
    });
    const trainer = await createTrainer(plain, net, {
      optimizer: adam(),
      policy: constant({ lr: 0.01 }),
      batch: 8,
      tile,
      clipNorm: 1,
    });
    trainer.setData({
      input: noise(32 * 288).map((x, i) => x + (Math.floor(i / 288) % 3)),
      target: Array.from({ length: 32 }, (_, i) => i % 3),
    });
    const { losses } = await trainer.trainSteps(60);
    expect(losses[59]).toBeLessThan((losses[0] as number) / 2);
    trainer.dispose();
    plain.destroy();
  });

  it('works with train, evaluate and rangeTest', async () => {
    const trainer = await createTrainer(device, small, { optimizer: sgd({ momentum: 0.9 }), batch: 8 });
    const batches = [0, 1, 2, 3, 4].map((index) => ({
      input: data.input.subarray(index * 8 * 36, (index + 1) * 8 * 36),
      target: data.target.slice(index * 8, (index + 1) * 8),
    }));
    const before = await trainer.evaluate(batches);
    const parameters = await trainer.parameters();
    await rangeTest(trainer, batches, { startLr: 1e-4, endLr: 100, steps: 25 });
    expect(await trainer.parameters()).toEqual(parameters);
    expect(await trainer.evaluate(batches)).toEqual(before);
    const run = await train(trainer, batches, { policy, steps: 32, evaluate: batches });
    expect(run.final?.loss).toBeLessThan(before.loss);
    expect(run.steps.every(({ accuracy }) => (accuracy as number) >= 0)).toBe(true);
    trainer.dispose();
  });

  it('evaluates and predicts in evaluation mode, smaller batches included', async () => {
    const trainer = await createTrainer(device, small, { optimizer: sgd(), batch: 8 });
    const rows = 11;
    const input = data.input.subarray(0, rows * 36);
    const outputs = await trainer.predict(input);
    expect(outputs).toHaveLength(rows * 3);
    const target = data.target.slice(0, rows);
    const loss = target.reduce((sum, label, row) => {
      const logits = Array.from(outputs.subarray(row * 3, row * 3 + 3));
      return sum + Math.log(logits.reduce((total, z) => total + Math.exp(z), 0)) - (logits[label] as number);
    }, 0);
    const parts = [
      { input: input.subarray(0, 8 * 36), target: target.slice(0, 8) },
      { input: input.subarray(8 * 36), target: target.slice(8) },
    ];
    const metrics = await trainer.evaluate(parts);
    expect(metrics.loss).toBeCloseTo(loss / rows, 5);
    expect(() => trainer.trainStep(parts[1] as (typeof parts)[0], { lr: 0.1 })).toThrow(
      /a batch of 8 examples/,
    );
    trainer.dispose();
  });

  it('reads bytes as floats of value / 255', async () => {
    const net = network({ input: [3, 3, 1], layers: [dense({ units: 2 })], loss: 'crossEntropy' });
    const bytes = Uint8Array.from({ length: 5 * 9 }, (_, i) => (i * 37) % 256);
    const target = labels(5, 2);
    const trainer = await createTrainer(device, net, { optimizer: sgd(), batch: 5, policy: () => 0 });
    const asBytes = await trainer.evaluate([{ input: bytes, target }]);
    const asFloats = await trainer.evaluate([{ input: Float32Array.from(bytes, (x) => x / 255), target }]);
    expect(asBytes.loss).toBeCloseTo(asFloats.loss, 6);
    trainer.setData({ input: bytes, target });
    expect((await trainer.trainSteps(1)).losses[0]).toBeCloseTo(asBytes.loss, 6);
    trainer.dispose();
  });

  it('drops about the given share, with another mask every step', async () => {
    const net = network({ input: [400], layers: [dropout({ rate: 0.3 }), dense({ units: 1 })], loss: 'mse' });
    const trainer = await createTrainer(device, net, { optimizer: sgd(), batch: 1, policy: () => 0 });
    trainer.setParameters([
      ['dense1.weight', new Float32Array(400).fill(1)],
      ['dense1.bias', [0]],
    ]);
    trainer.setData({ input: new Float32Array(400).fill(1), target: [0] });
    const { losses } = await trainer.trainSteps(20);
    const kept = Array.from(losses, (loss) => Math.sqrt(loss) * 0.7);
    const mean = kept.reduce((sum, n) => sum + n) / kept.length;
    expect(Math.abs(mean - 280)).toBeLessThan(8); // σ of the mean is about 2
    expect(new Set(kept.map(Math.round)).size).toBeGreaterThan(8);
    const [whole] = await trainer.predict(new Float32Array(400).fill(1));
    expect(whole).toBe(400);
    trainer.dispose();
  });

  it.each([
    maxPool({ size: 3, stride: 2, ceil: true }),
    maxPool({ size: 3, stride: 2, padding: 1, ceil: true }),
    avgPool({ size: 3, stride: 2, ceil: true }),
    avgPool({ size: 2, stride: 3, padding: 1, ceil: true }),
    avgPool({ size: 3, stride: 1, padding: 1 }),
  ])('pools as defined: $type $size/$stride pad $padding ceil $ceil', async (layer) => {
    const [height, width, channels] = [7, 6, 2];
    const input = noise(height * width * channels);
    const net = network({
      input: [height, width, channels],
      layers: [layer, batchNorm({ epsilon: 1e-9 })],
      loss: 'mse',
    });
    const trainer = await createTrainer(device, net, { optimizer: sgd(), batch: 1 });
    const outputs = await trainer.predict(input);
    const want = pooled(layer, input, [height, width, channels], net.output);
    expect(outputs).toHaveLength(want.length);
    for (const [index, x] of want.entries()) expect(outputs[index]).toBeCloseTo(x, 5);
    trainer.dispose();
  });

  it('gives the same bits when dispatches are spread over two dimensions', async () => {
    // A dimension holds 65,535 workgroups. With a limit of 2 even a small network needs the second dimension
    // everywhere.
    const net = network({
      input: [6, 6, 3],
      layers: [
        batchNorm(),
        conv2d({ filters: 7, kernel: 3, padding: 1 }),
        batchNorm(),
        relu(),
        maxPool({ size: 2 }),
        dropout({ rate: 0.25 }),
        avgPool({ size: 2, padding: 1 }),
        dense({ units: 300 }),
        tanh(),
        dense({ units: 3 }),
      ],
      loss: 'crossEntropy',
    });
    const examples = { input: noise(16 * 108), target: labels(16, 3) };
    const run = async (on: GPUDevice) => {
      const trainer = await createTrainer(on, net, { optimizer: adam(), policy, batch: 8, clipNorm: 1 });
      const gradients = await trainer.gradients({
        input: examples.input.subarray(0, 8 * 108),
        target: examples.target.slice(0, 8),
      });
      trainer.setData(examples);
      const { losses } = await trainer.trainSteps(4);
      const parameters = await trainer.parameters();
      const outputs = await trainer.predict(examples.input);
      trainer.dispose();
      return { gradients, losses, parameters, outputs };
    };
    const plain = await run(device);
    const narrow = await openDevice();
    const limits = new Proxy(narrow.limits, {
      get: (all, name) =>
        name === 'maxComputeWorkgroupsPerDimension' ? 2 : all[name as keyof GPUSupportedLimits],
    });
    Object.defineProperty(narrow, 'limits', { value: limits });
    expect(await run(narrow)).toEqual(plain);
    narrow.destroy();
  });

  it('refuses arguments that do not fit, and names them', async () => {
    expect(() =>
      network({ input: [4, 4, 1], layers: [conv2d({ filters: 1, kernel: 5 })], loss: 'mse' }),
    ).toThrow(/layers\[0\] \(conv2d\)/);
    expect(() => network({ input: [4], layers: [relu()], loss: 'mse' })).toThrow(/a layer with weights/);
    expect(() => dropout({ rate: 1 })).toThrow(/rate of dropout/);
    const trainer = await createTrainer(device, small, { optimizer: sgd(), batch: 8 });
    expect(() => trainer.setParameters([['conv9.weight', []]])).toThrow(/conv1\.weight \[3, 3, 1, 4\]/);
    expect(() => trainer.setParameters({ 'conv1.bias': [1, 2, 3, 4] } as never)).toThrow(/pairs of a name/);
    const tensors = await trainer.parameters();
    expect(() => trainer.setParameters(tensors as never)).toThrow('Received: no list of numbers');
    expect(() =>
      trainer.trainStep({ input: noise(8 * 36), target: [9, 0, 0, 0, 0, 0, 0, 0] }, { lr: 0.1 }),
    ).toThrow(/target\[0\] = 9/);
    expect(() => trainer.setData({ input: noise(35), target: [0] })).toThrow(/examples of 36 numbers/);
    expect(() => trainer.setData({} as never)).toThrow(/a batch { input, target }/);
    const ones = new Array(36).fill(1);
    for (const input of [
      Uint8ClampedArray.from(ones),
      Float64Array.from(ones),
      Int32Array.from(ones),
      ones,
    ]) {
      const batch = { input, target: [0] } as never;
      const received = `Received: ${input.constructor.name}`;
      expect(() => trainer.setData(batch)).toThrow(received);
      expect(() => trainer.trainStep(batch, { lr: 0.1 })).toThrow(received);
      await expect(trainer.evaluate([batch])).rejects.toThrow(received);
      await expect(trainer.predict(input as never)).rejects.toThrow(received);
    }
    expect(() => trainer.trainStep(null as never, { lr: 0.1 })).toThrow(/a batch { input, target }/);
    await expect(trainer.trainSteps(1)).rejects.toThrow(/setData/);
    trainer.setData(data);
    await expect(trainer.trainSteps(1)).rejects.toThrow(/Give createTrainer a policy/);
    await expect(createTrainer(device, small, { optimizer: sgd(), batch: 0 })).rejects.toThrow(/batch/);
    for (const options of [{ seed: 1.5 }, { seed: 2 ** 40 }, { seed: 'a' }, { tile: 5 }] as object[]) {
      const made = createTrainer(device, small, { optimizer: sgd(), batch: 8, ...options });
      await expect(made).rejects.toThrow(`${Object.keys(options)[0]} to be`);
    }
    await expect(createTrainer(device, undefined as never, { optimizer: sgd(), batch: 8 })).rejects.toThrow(
      /a network/,
    );
    for (const options of [{ input: 4 }, { layers: undefined }]) {
      expect(() => network({ input: [4], layers: [relu()], loss: 'mse', ...options } as never)).toThrow(
        `${Object.keys(options)[0]} to be`,
      );
    }
    trainer.dispose();
  });
});

/** Pooling, written directly from its definition. */
function pooled(
  { type, size, stride, padding }: PoolLayer,
  input: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  [rows, columns]: readonly [number, number, number],
): number[] {
  const outputs: number[] = [];
  for (let oy = 0; oy < rows; oy++) {
    for (let ox = 0; ox < columns; ox++) {
      for (let c = 0; c < channels; c++) {
        const seen: number[] = [];
        let area = 0;
        for (let y = oy * stride - padding; y < oy * stride - padding + size; y++) {
          for (let x = ox * stride - padding; x < ox * stride - padding + size; x++) {
            if (y < height + padding && x < width + padding) area += 1;
            if (y >= 0 && x >= 0 && y < height && x < width)
              seen.push(input[(y * width + x) * channels + c] as number);
          }
        }
        outputs.push(type === 'maxPool' ? Math.max(...seen) : seen.reduce((sum, x) => sum + x, 0) / area);
      }
    }
  }
  return outputs;
}
