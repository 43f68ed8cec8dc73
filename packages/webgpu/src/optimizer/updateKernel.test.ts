import { adam, adamW, constant, type Optimizer, rmsProp, sgd } from '@clr/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { download, submit, upload } from '../../test/buffers.ts';
import { hasDevice, openDevice } from '../../test/device.ts';
import { createOptimizer } from './createOptimizer.ts';
import { groupParameters, inFours } from './groups.ts';

/** The lengths of parameters in one buffer, and the gaps before them. */
const layouts = fc.record({
  pieces: fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 1500 }), gap: fc.integer({ min: 0, max: 2 }) }),
    { minLength: 1, maxLength: 5 },
  ),
  /** All offsets are multiples of this number. If it is 4, a thread updates four numbers. */
  grain: fc.constantFrom(1, 4),
  tail: fc.integer({ min: 0, max: 5 }),
  spec: fc.constantFrom<Optimizer[]>(
    sgd({ momentum: 0.9, weightDecay: 0.1 }),
    adam(),
    adamW({ weightDecay: 0.5 }),
    rmsProp({ centered: true, momentum: 0.5 }),
  ),
  clipNorm: fc.constantFrom(undefined, 1e9),
});

const weightAt = (index: number): number => Math.sin(index * 1.7);
const gradientAt = (index: number): number => Math.cos(index * 0.3) + 0.01;

describe.skipIf(!hasDevice)('the update kernels', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  /** The weights after two steps. Weight `i` of each piece is the same in every layout. */
  async function train(
    spec: Optimizer,
    pieces: readonly { length: number; offset: number }[],
    size: number,
    clipNorm: number | undefined,
  ) {
    const numbers = (at: (index: number) => number): Float32Array => {
      const all = new Float32Array(size).fill(77);
      for (const { length, offset } of pieces) for (let i = 0; i < length; i++) all[offset + i] = at(i);
      return all;
    };
    const gradients = numbers(gradientAt);
    // NaN in the gaps would show if a kernel read a number that belongs to no parameter.
    gradients.forEach((value, index) => {
      if (value === 77) gradients[index] = Number.NaN;
    });
    const [value, gradient] = [upload(device, numbers(weightAt)), upload(device, gradients)];
    const parameters = pieces.map(({ length, offset }) => ({
      value,
      gradient,
      length,
      valueOffset: offset,
      gradientOffset: offset,
    }));
    const fours = groupParameters(parameters, device.limits, 2).every(inFours);
    const options = clipNorm === undefined ? {} : { clipNorm };
    const optimizer = createOptimizer(device, spec, parameters, constant({ lr: 0.1 }), options);
    submit(device, (encoder) => {
      optimizer.encode(encoder);
      optimizer.encode(encoder);
    });
    const weights = await download(device, value);
    optimizer.dispose();
    for (const buffer of [value, gradient]) buffer.destroy();
    return { weights, fours };
  }

  it('gives the same weights in every layout and does not change the gaps', async () => {
    const seen = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(layouts, async ({ pieces, grain, tail, spec, clipNorm }) => {
        let end = 0;
        const placed = pieces.map(({ length, gap }) => {
          const offset = Math.ceil(end / grain) * grain + gap * grain;
          end = offset + length;
          return { length, offset };
        });
        const { weights, fours } = await train(spec, placed, end + tail, clipNorm);
        seen.add(fours);
        const longest = Math.max(...pieces.map(({ length }) => length));
        // At offset 1 no thread takes four numbers.
        const single = await train(spec, [{ length: longest, offset: 1 }], longest + 1, clipNorm);
        expect(single.fours).toBe(false);
        const expected = new Float32Array(end + tail).fill(77);
        for (const { length, offset } of placed) {
          expected.set(single.weights.subarray(1, 1 + length), offset);
        }
        expect(weights.every((w, i) => Math.abs(w - (expected[i] as number)) <= 1e-6)).toBe(true);
        weights.forEach((w, i) => {
          if (expected[i] === 77) expect(w).toBe(77);
        });
      }),
      { numRuns: 40, seed: 1 },
    );
    expect(seen.size).toBe(2);
  });
});
