import { sgd, toSchedule, train, triangular } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type InitializerSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { buildGradientModel, createTrainer } from '../index.ts';

const { FLOAT: float, DOUBLE: double, INT64: long } = DataType;
const real = (value: number) => ({ float: value });
const options = { loss: { output: 'loss' }, optimizer: sgd() } as const;

/** A model with loss = Σ w·r, where w are ones and `node` draws r. The gradient of w is r. */
function modelOf(
  dims: number[],
  node: NodeSpec,
  more: readonly InitializerSpec[] = [],
  opset = 18,
): Uint8Array {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return makeModel({
    opset,
    outputs: [{ name: 'loss', type: float, dims: [] }],
    initializers: [{ name: 'w', type: float, dims, values: new Float32Array(size).fill(1) }, ...more],
    nodes: [
      { ...node, outputs: ['drawn'] },
      { op: 'Cast', inputs: ['drawn'], outputs: ['r'], attributes: { to: float } },
      { op: 'Mul', inputs: ['w', 'r'], outputs: ['product'] },
      { op: 'ReduceSum', inputs: ['product'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
}

const node = (op: string, inputs: string[], attributes: NodeSpec['attributes'] = {}): NodeSpec => ({
  op,
  inputs,
  outputs: [],
  attributes,
});

/** The numbers drawn at some values of `rngStep`. */
async function drawn(model: Uint8Array, draws: readonly number[]): Promise<Float32Array[]> {
  const built = buildGradientModel(model, { ...options, trainable: (name) => name === 'w' });
  const session = await ort.InferenceSession.create(built.bytes);
  const { input, initial } = built.state[0]!;
  const found: Float32Array[] = [];
  for (const draw of draws) {
    const results = await session.run({
      [input]: new ort.Tensor('float32', Float32Array.from(initial), [initial.length]),
      [built.rngStep as string]: new ort.Tensor('int64', BigInt64Array.of(BigInt(draw)), []),
    });
    found.push(results[built.gradients?.[0]?.name as string]?.data as Float32Array);
  }
  await session.release();
  return found;
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const moment = (values: Float32Array, power: number): number => mean(values.map((value) => value ** power));

/** The cumulative normal distribution (Abramowitz and Stegun 26.2.17, error at most 7.5e-8). */
function normalShare(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const tail = series.reduce((sum, factor) => (sum + factor) * t, 0) * Math.exp((-x * x) / 2) * 0.3989422804;
  return x < 0 ? tail : 1 - tail;
}

/**
 * The Kolmogorov-Smirnov statistic: the largest difference between the empirical and the given distribution function.
 */
function distance(values: Float32Array, share: (x: number) => number): number {
  const sorted = Float32Array.from(values).sort();
  return sorted.reduce((worst, x, i) => {
    const expected = share(x);
    return Math.max(worst, expected - i / sorted.length, (i + 1) / sorted.length - expected);
  }, 0);
}

/** The statistic of n values exceeds 2.2 / √n once in 10,000 draws (Kolmogorov). */
const largestDistance = (size: number): number => 2.2 / Math.sqrt(size);

const size = 40_000;
const draws = [0, 1, 2, 4096, 4096 * 1_000_000];

describe('random numbers in training', () => {
  it('are normal, without a pattern along the tensor or from step to step', async () => {
    const all = await drawn(modelOf([size], node('RandomNormalLike', ['w'])), draws);
    for (const [i, values] of all.entries()) {
      // Five standard deviations of each.
      expect(Math.abs(mean(values))).toBeLessThan(5 / Math.sqrt(size));
      expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / size));
      expect(Math.abs(moment(values, 3))).toBeLessThan(5 * Math.sqrt(15 / size));
      expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / size));
      expect(distance(values, normalShare)).toBeLessThan(largestDistance(size));
      const product = (other: Float32Array, shift: number): number =>
        mean(values.subarray(shift).map((value, k) => value * (other[k] as number)));
      for (const shift of [1, 2, 3, 7, 64, 1023, 1024, size / 2, size / 2 + 1])
        expect(Math.abs(product(values, shift))).toBeLessThan(5 / Math.sqrt(size - shift));
      for (const other of all.slice(i + 1))
        expect(Math.abs(product(other, 0))).toBeLessThan(5 / Math.sqrt(size));
      // Checks the differences of neighbours as well, because a lattice pattern would show there.
      const steps = values.subarray(1).map((value, k) => (value - (values[k] as number)) / Math.SQRT2);
      expect(distance(steps, normalShare)).toBeLessThan(1.5 * largestDistance(size));
    }
  });

  it('are uniform in [0, 1), never 1', async () => {
    for (const values of await drawn(modelOf([size], node('RandomUniformLike', ['w'])), draws)) {
      expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
      expect(distance(values, (x) => x)).toBeLessThan(largestDistance(size));
      // Pairs of neighbours in 8 × 8 cells: χ² with 63 degrees of freedom exceeds 130 once in 10⁶ draws.
      const counts = new Float64Array(64);
      for (let i = 0; i + 1 < size; i += 2)
        counts[Math.floor(values[i]! * 8) * 8 + Math.floor(values[i + 1]! * 8)]! += 1;
      const expected = size / 2 / 64;
      expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(130);
    }
  });

  it("have the mean, scale, bounds, shape and type that the node's attributes give", async () => {
    const shape = [50, 80];
    const attributes = { shape, mean: real(3), scale: real(0.5), dtype: double };
    const [values] = await drawn(modelOf(shape, node('RandomNormal', [], attributes)), [1]);
    expect(distance(values!, (x) => normalShare((x - 3) / 0.5))).toBeLessThan(largestDistance(4000));
    const bounds = { shape, low: real(-2), high: real(6) };
    const [flat] = await drawn(modelOf(shape, node('RandomUniform', [], bounds)), [1]);
    expect(distance(flat!, (x) => (x + 2) / 8)).toBeLessThan(largestDistance(4000));
  });

  it('depend only on `rngStep`, the node and the seed', async () => {
    const seeded = (seed: number): Uint8Array =>
      modelOf([500], node('RandomNormalLike', ['w'], { seed: real(seed) }));
    const [a, b, again] = await drawn(seeded(7), [5, 6, 5]);
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
    expect((await drawn(seeded(7.5), [5]))[0]).not.toEqual(a);
    const two = makeModel({
      outputs: [{ name: 'loss', type: float, dims: [] }],
      initializers: [{ name: 'w', type: float, dims: [500], values: new Float32Array(500).fill(1) }],
      nodes: [
        { op: 'RandomNormalLike', inputs: ['w'], outputs: ['p'], attributes: { seed: real(7) } },
        { op: 'RandomNormalLike', inputs: ['w'], outputs: ['q'], attributes: { seed: real(7) } },
        { op: 'Sub', inputs: ['p', 'q'], outputs: ['r'] },
        { op: 'Mul', inputs: ['w', 'r'], outputs: ['product'] },
        { op: 'ReduceSum', inputs: ['product'], outputs: ['loss'], attributes: { keepdims: 0 } },
      ],
    });
    expect((await drawn(two, [5]))[0]!.every((value) => value !== 0)).toBe(true);
  });

  it("are 1 with each element's probability (Bernoulli)", async () => {
    const p = [0, 0.1, 0.5, 0.93, 1];
    const rows = 20_000;
    const probabilities = {
      name: 'p',
      type: float,
      dims: [rows, p.length],
      values: Array.from({ length: rows }, () => p).flat(),
    };
    const [values] = await drawn(modelOf([rows, p.length], node('Bernoulli', ['p']), [probabilities]), [3]);
    p.forEach((share, column) => {
      const ones = values!.filter((_, i) => i % p.length === column);
      expect(ones.every((value) => value === 0 || value === 1)).toBe(true);
      expect(Math.abs(mean(ones) - share)).toBeLessThanOrEqual(5 * Math.sqrt((share * (1 - share)) / rows));
    });
  });

  it('are classes with the given log-probabilities (Multinomial)', async () => {
    const logs = [
      [0, Math.log(2), Math.log(5), Number.NEGATIVE_INFINITY],
      [1, 1, 1, 1],
    ];
    const shares = [
      [0.125, 0.25, 0.625, 0],
      [0.25, 0.25, 0.25, 0.25],
    ];
    const samples = 20_000;
    const attributes = { sample_size: samples, dtype: long };
    const input = { name: 'logs', type: float, dims: [2, 4], values: logs.flat() };
    const [values] = await drawn(
      modelOf([2, samples], node('Multinomial', ['logs'], attributes), [input]),
      [9],
    );
    shares.forEach((row, i) => {
      const own = values!.subarray(i * samples, (i + 1) * samples);
      row.forEach((share, kind) => {
        const found = mean(own.map((value) => Number(value === kind)));
        expect(Math.abs(found - share)).toBeLessThanOrEqual(5 * Math.sqrt((share * (1 - share)) / samples));
      });
    });
  });
});

const draw = node('RandomNormalLike', ['w']);

describe('a trainer of a model with random operators', () => {
  it.each([
    ['RandomNormalLike', draw],
    ['RandomUniformLike', node('RandomUniformLike', ['w'])],
    ['RandomNormal', node('RandomNormal', [], { shape: [300] })],
    ['RandomUniform', node('RandomUniform', [], { shape: [300] })],
    ['Bernoulli', node('Bernoulli', ['half'])],
  ])('ends with the same bits after a resume: %s', async (_op, spec) => {
    const half = { name: 'half', type: float, dims: [300], values: new Float32Array(300).fill(0.5) };
    const trained = { ...options, trainable: (name: string) => name === 'w' };
    const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 3 });
    const batches = Array.from({ length: 9 }, () => ({}));
    const model = modelOf([300], spec, [half]);
    const whole = await createTrainer(ort, model, trained);
    await train(whole, batches, { policy, steps: 9 });
    const expected = await whole.snapshot();
    await whole.dispose();
    const first = await createTrainer(ort, model, trained);
    await train(first, batches, { policy, steps: 4 });
    const snapshot = structuredClone(await first.snapshot());
    await first.dispose();
    const second = await createTrainer(ort, model, trained);
    await train(second, batches, { policy, steps: 9, from: { step: 4, snapshot } });
    expect(await second.snapshot()).toEqual(expected);
    await second.dispose();
  });

  it('draws new numbers for each step and for each batch of an accumulated step', async () => {
    const trainer = await createTrainer(ort, modelOf([300], draw), options);
    const w = async (): Promise<Float32Array> => (await trainer.parameters()).get('w')!.data;
    const [start, first] = [await w(), (await trainer.gradients({})).get('w')!.data];
    await trainer.trainStep([{}, {}], { lr: 1 });
    const both = await w();
    const second = both.map((value, i) => 2 * (start[i]! - value) - first[i]!);
    expect(Math.abs(mean(second.map((value, i) => value * first[i]!)))).toBeLessThan(5 / Math.sqrt(300));
    expect((await trainer.gradients({})).get('w')!.data).not.toEqual(first);
    await trainer.dispose();
  });

  it("evaluates with the runtime's own kernels where they exist, and exports the file unchanged", async () => {
    const model = modelOf([300], draw);
    const trainer = await createTrainer(ort, model, options);
    expect(Number.isFinite((await trainer.evaluate([{}])).loss)).toBe(true);
    expect(Buffer.from(await trainer.exportModel()).equals(Buffer.from(model))).toBe(true);
    await trainer.dispose();
  });

  it.each([
    ['RandomNormalLike', draw],
    ['Bernoulli', node('Bernoulli', ['half'])],
    ['RandomUniform', node('RandomUniform', [], { shape: [300] })],
    ['Multinomial', node('Multinomial', ['half2'], { sample_size: 300 })],
  ])('trains and evaluates at opset 22, for which the runtime has no kernel: %s', async (_op, spec) => {
    const half = { name: 'half', type: float, dims: [300], values: new Float32Array(300).fill(0.5) };
    const model = modelOf([300], spec, [half, { ...half, name: 'half2', dims: [1, 300] }], 22);
    await expect(ort.InferenceSession.create(model, { logSeverityLevel: 4 })).rejects.toThrow(
      /find an implementation/,
    );
    const trainer = await createTrainer(ort, model, { ...options, trainable: (name) => name === 'w' });
    const before = await trainer.evaluate([{}]);
    await trainer.trainStep({}, { lr: toSchedule(triangular({ baseLr: 0.1, maxLr: 1, stepSize: 2 })).lr(1) });
    expect(await trainer.evaluate([{}])).not.toEqual(before);
    await trainer.dispose();
  });
});
