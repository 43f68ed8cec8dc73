import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trough } from '../trainable/run.ts';
import { readTroughs } from './readTroughs.ts';

/** Troughs every 100 steps with these losses, or accuracies. */
const losses = (...values: (number | null)[]): Trough[] =>
  values.map((loss, cycle) => ({ step: 100 * (cycle + 1), cycle, loss }));
const accuracies = (...values: number[]): Trough[] =>
  values.map((accuracy, cycle) => ({ step: 100 * (cycle + 1), cycle, loss: 1, accuracy }));

describe('readTroughs', () => {
  it('continues while cycles gain', () => {
    const reading = readTroughs(losses(0.9, 0.8, 0.7));
    expect(reading).toMatchObject({ best: { step: 300 }, cyclesWithoutGain: 0, advice: 'go on' });
  });

  it('compares the accuracy if there is one, else the loss', () => {
    expect(readTroughs(accuracies(0.7, 0.8, 0.75)).best?.step).toBe(200);
    expect(readTroughs(losses(0.7, 0.8, 0.75)).best?.step).toBe(100);
  });

  it('reduces the bounds twice, as the paper’s headline run does, and then stops', () => {
    const troughs = losses(0.5, 0.5, 0.6, 0.5, 0.7, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5);
    const reducedAt: number[] = [];
    const said: [number, string][] = [];
    for (let count = 1; count <= troughs.length; count++) {
      const { advice } = readTroughs(troughs.slice(0, count), { patience: 3, reducedAt });
      if (advice !== 'go on') said.push([count, advice]);
      if (advice === 'reduce bounds') reducedAt.push(100 * count);
    }
    expect(said).toEqual([
      [4, 'reduce bounds'],
      [7, 'reduce bounds'],
      [10, 'stop'],
      [11, 'stop'],
    ]);
  });

  it('counts from 0 again after a gain', () => {
    expect(readTroughs(losses(5, 6, 6, 6, 4, 6), { patience: 3 }).cyclesWithoutGain).toBe(1);
  });

  it('counts only an improvement of more than minGain as a gain', () => {
    const creeping = losses(1, 0.99, 0.98, 0.97, 0.9);
    expect(readTroughs(creeping, { minGain: 0.05 })).toMatchObject({ best: { step: 500 } });
    expect(readTroughs(creeping.slice(0, 4), { minGain: 0.05 }).best?.step).toBe(100);
  });

  it('gives the reason, with the best trough’s value and step', () => {
    const { reason } = readTroughs(accuracies(0.7, 0.81, 0.8, 0.8), { patience: 2 });
    expect(reason).toBe(
      '2 cycles without gain since step 200 (best accuracy 0.8100 at step 200; bounds reduced 0 times): reduce bounds.',
    );
  });

  it('continues without metrics, and ignores values that are not finite', () => {
    expect(readTroughs([])).toMatchObject({ best: null, advice: 'go on' });
    const bare = [1, 2, 3, 4, 5].map((cycle) => ({ step: cycle, cycle }));
    expect(readTroughs(bare)).toMatchObject({ best: null, advice: 'go on' });
    expect(readTroughs(losses(null, 0.5, null)).best?.step).toBe(200);
  });

  it('advises a reduction exactly after `patience` cycles without a gain', () => {
    const options = { patience: fc.integer({ min: 1, max: 6 }), reductions: fc.integer({ min: 0, max: 3 }) };
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1 }), fc.record(options), (values, given) => {
        const reading = readTroughs(losses(...values), given);
        const since = values.length - 1 - values.indexOf(Math.min(...values));
        expect(reading.cyclesWithoutGain).toBe(since);
        const due = given.reductions > 0 ? 'reduce bounds' : 'stop';
        expect(reading.advice).toBe(since < given.patience ? 'go on' : due);
      }),
    );
  });

  it('refuses a reduction at an invalid step', () => {
    for (const step of [Number.NaN, -1, '3']) {
      expect(() => readTroughs([], { reducedAt: [step as number] })).toThrow('Expected reducedAt[0] to be');
    }
  });

  it('refuses a patience of 0 cycles', () => {
    expect(() => readTroughs([], { patience: 0 })).toThrow('Received: patience = 0');
  });
});
