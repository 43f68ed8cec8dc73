import { sgd, toSchedule, train, triangular } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { checkDropout, dropoutModel } from '../../test/checkRuntime.ts';
import { buildGradientModel, createTrainer } from '../index.ts';

const ratio = 0.25;

const modelOf = (dims: number[]): Uint8Array => dropoutModel(dims, ratio);
const options = { loss: { output: 'loss' }, optimizer: sgd() } as const;

/** The mask for each value of `rngStep`: 1 for kept elements, 0 for dropped ones. */
async function masks(
  dims: number[],
  draws: readonly number[],
): Promise<{ loss: number; mask: Uint8Array }[]> {
  const built = buildGradientModel(modelOf(dims), options);
  expect(built.rngStep).toBe('rngStep');
  expect(built.state[0]?.parts.map(({ name }) => name)).toEqual(['w']);
  const session = await ort.InferenceSession.create(built.bytes);
  const size = dims.reduce((n, d) => n * d, 1);
  const found: { loss: number; mask: Uint8Array }[] = [];
  for (const draw of draws) {
    const results = await session.run({
      [built.state[0]?.input as string]: new ort.Tensor('float32', new Float32Array(size).fill(1), [size]),
      rngStep: new ort.Tensor('int64', BigInt64Array.of(BigInt(draw)), []),
    });
    const gradient = results[built.gradients?.[0]?.name as string]?.data as Float32Array;
    for (const value of gradient) if (value !== 0) expect(value).toBeCloseTo(1 / (1 - ratio), 6);
    const mask = Uint8Array.from(gradient, (value) => (value === 0 ? 0 : 1));
    found.push({ loss: Number(results[built.loss as string]?.data[0]), mask });
  }
  await session.release();
  return found;
}

const share = (mask: ArrayLike<number>): number =>
  Array.from(mask).reduce((sum, value) => sum + value, 0) / mask.length;

describe('Dropout in training mode', () => {
  it('passes the gradient where the forward pass kept the value, with the same scale', async () => {
    for (const { loss, mask } of await masks([40, 50], [0, 1])) {
      // The forward and backward pass use the same mask. The loss is linear, so it equals the sum of its gradient.
      expect(loss).toBeCloseTo((share(mask) * 2000) / (1 - ratio), 1);
    }
  });

  it('draws masks that depend on `rngStep` and nothing else', async () => {
    const [a, b, again] = await masks([3000], [5, 6, 5]);
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
  });

  it('drops the right share, without a pattern along the tensor or from step to step', async () => {
    const size = 100_000;
    const draws = [0, 1, 2, 4096, 8192, 4096 * 1_000_000, 4096 * 1_000_001];
    const found = (await masks([size], draws)).map(({ mask }) => mask);
    const keep = 1 - ratio;
    // Five standard deviations of this many independent choices.
    const deviation = (p: number): number => 5 * Math.sqrt((p * (1 - p)) / size);
    for (const [i, mask] of found.entries()) {
      expect(Math.abs(share(mask) - keep)).toBeLessThan(deviation(keep));
      const both = (other: Uint8Array, shift: number): number =>
        share(mask.subarray(shift).map((value, k) => value & (other[k] as number)));
      const shifts = [1, 2, 3, 7, 64, 1023, 1024, 1025, 2048];
      for (const shift of shifts)
        expect(Math.abs(both(mask, shift) - keep ** 2)).toBeLessThan(deviation(keep ** 2) * 1.1);
      for (const other of found.slice(i + 1))
        expect(Math.abs(both(other, 0) - keep ** 2)).toBeLessThan(deviation(keep ** 2));
    }
  });

  it('draws the same masks in every runtime', async () => {
    await checkDropout(ort);
  });

  it('leaves its input unchanged in evaluation', async () => {
    const trainer = await createTrainer(ort, modelOf([2000]), options);
    expect((await trainer.evaluate([{}])).loss).toBe(2000);
    await trainer.dispose();
  });

  it('ends with the same weights after a resume, and `gradients` uses the mask of the next step', async () => {
    const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 3 });
    const trainer = await createTrainer(ort, modelOf([500]), options);
    const batches = Array.from({ length: 9 }, () => ({}));
    const weights = async () => (await trainer.parameters()).get('w')?.data;
    const start = await trainer.snapshot();
    await train(trainer, batches, { policy, steps: 9 });
    const whole = await weights();
    await trainer.restore(start);
    await train(trainer, batches, { policy, steps: 4 });
    const snapshot = structuredClone(await trainer.snapshot());
    await trainer.restore(start);
    await train(trainer, batches, { policy, steps: 9, from: { step: 4, snapshot } });
    expect(await weights()).toEqual(whole);

    const gradient = (await trainer.gradients({})).get('w')?.data as Float32Array;
    await trainer.trainStep({}, { lr: toSchedule(policy).lr(2) });
    const after = await weights();
    const moved = gradient.map((value, i) => Number(value !== 0) - Number(after?.[i] !== whole?.[i]));
    expect(moved.every((difference) => difference === 0)).toBe(true);
    await trainer.dispose();
  });

  it('draws a new mask for each batch of an accumulated step', async () => {
    const trainer = await createTrainer(ort, modelOf([2000]), options);
    await trainer.trainStep([{}, {}], { lr: 1 });
    const values = new Set((await trainer.parameters()).get('w')?.data);
    expect(values.size).toBe(3); // dropped in neither batch, in one, or in both
    await trainer.dispose();
  });
});
