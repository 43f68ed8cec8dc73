import { describe, expect, it } from 'vitest';
import { examples, type LinearOptions, linearTrainable } from '../../test/linearTrainable.ts';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { rangeTest } from './rangeTest.ts';
import type { RangeTestOptions } from './rangeTestOptions.ts';

type Options = RangeTestOptions<(typeof examples)[number]>;

/** A model that has been trained a little, a range test on it, and the state before and after. */
async function tested(options: Options, about: LinearOptions = {}) {
  const trainable = linearTrainable(about);
  const before = { w: 1.25, v: -0.5, updates: 9 };
  await trainable.restore(before);
  const outcome = await rangeTest(trainable, examples, options).catch((error: unknown) => error as Error);
  expect(trainable.state).toEqual(before);
  return { outcome, trainable };
}

const trace = async (options: Options, about?: LinearOptions) => {
  const { outcome } = await tested(options, about);
  if (outcome instanceof Error) throw outcome;
  return outcome;
};

describe('rangeTest', () => {
  it('sweeps from startLr to endLr, both included, in equal ratios', async () => {
    const { points } = await trace({ startLr: 1e-4, endLr: 1e-1, steps: 31 });
    expect(points[0]?.lr).toBe(1e-4);
    expect(points[30]?.lr).toBe(1e-1);
    expect(points[10]?.lr).toBeCloseTo(1e-3, 12);
    expect(points.length).toBe(31);
  });

  it('sweeps in equal differences, from 0 if asked', async () => {
    const { points } = await trace({ startLr: 0, endLr: 0.1, steps: 11, spacing: 'linear' });
    for (const [step, { lr }] of points.entries()) expect(lr).toBeCloseTo(step / 100, 15);
  });

  it('gives plain JSON with the rates of the sweep', async () => {
    const record = await trace({ startLr: 1e-3, endLr: 0.1, steps: 20 });
    expect(record).toMatchObject({ version: 1, spacing: 'exponential', startLr: 1e-3, endLr: 0.1 });
    expect(record.stopped).toBeUndefined();
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  });

  it('records the trainable’s kind of update, if it states one', async () => {
    const trainable = { ...linearTrainable(), updateKind: 'momentum' } as const;
    for (const options of [{ steps: 200 }, { startLr: 1e-3, endLr: 0.1, steps: 20 }]) {
      expect(await rangeTest(trainable, examples, options)).toMatchObject({ updateKind: 'momentum' });
      expect(await trace(options)).not.toHaveProperty('updateKind');
    }
  });

  it('stops soon after the loss diverges, and restores the model', async () => {
    const record = await trace({ startLr: 1e-3, endLr: 1e3, steps: 400 });
    expect(record.stopped?.reason).toBe('diverged');
    // Gradient descent on this loss diverges above a rate of about 1; 400 steps span six decades.
    const last = record.points[record.points.length - 1]!;
    expect(last.lr).toBeGreaterThan(0.3);
    expect(last.lr).toBeLessThan(30);
  });

  it('records the same points if losses arrive late, in one sweep or two', async () => {
    for (const options of [{ startLr: 1e-3, endLr: 1e3, steps: 400 }, { steps: 200 }]) {
      expect(await trace(options, { late: true })).toEqual(await trace(options));
    }
  });

  it('stops at once at NaN', async () => {
    const record = await trace(
      { steps: 100, endLr: 1e-3 },
      { result: (step, honest) => (step === 9 + 7 ? { loss: Number.NaN } : honest) },
    );
    expect(record.stopped).toEqual({ step: 8, reason: 'diverged' });
    expect(record.points[7]?.loss).toBeNull();
  });

  it('accepts negative losses', async () => {
    const record = await trace(
      { startLr: 1e-4, endLr: 1e-2, steps: 60 },
      { result: (_, { loss }) => ({ loss: loss - 1000 }) },
    );
    expect(record.stopped).toBeUndefined();
  });

  it('stops between two steps when aborted, and returns the trace so far', async () => {
    const controller = new AbortController();
    const record = await trace(
      {
        startLr: 1e-4,
        endLr: 1e-2,
        signal: controller.signal,
        onStep: ({ step }) => {
          if (step === 5) controller.abort();
        },
      },
      { late: true },
    );
    expect(record.stopped).toEqual({ step: record.points.length, reason: 'aborted' });
    expect(record.points.length).toBeLessThan(60);
  });

  it('evaluates on validation batches during the sweep', async () => {
    const { validation } = await trace({ startLr: 1e-4, endLr: 1e-2, steps: 100, validation: examples });
    expect(validation?.length).toBe(20);
    expect(validation?.[19]).toEqual({ step: 99, lr: 1e-2, loss: expect.any(Number) });
  });

  it('tries every rate separately from the same state when probing', async () => {
    const { outcome, trainable } = await tested({ startLr: 1e-6, endLr: 1, steps: 40, updatesPerRate: 3 });
    if (outcome instanceof Error) throw outcome;
    expect(outcome.updatesPerRate).toBe(3);
    const untouched = linearTrainable();
    await untouched.restore({ w: 1.25, v: -0.5, updates: 9 });
    expect(outcome.baseline).toEqual(await untouched.evaluate(examples.slice(3, 6)));
    for (const [k, point] of outcome.points.slice(0, 30).entries()) {
      const alone = linearTrainable();
      await alone.restore({ w: 1.25, v: -0.5, updates: 9 });
      for (const batch of examples.slice(0, 3)) alone.trainStep(batch, { lr: point.lr });
      expect(point.loss).toBe((await alone.evaluate(examples.slice(3, 6))).loss);
      expect(trainable.seen.slice(3 * k, 3 * k + 3).map(({ batch }) => batch)).toEqual(examples.slice(0, 3));
    }
  });

  it('finds its own rates if none are given: a coarse sweep, then a slow one around the edge', async () => {
    const { outcome, trainable } = await tested({});
    if (outcome instanceof Error) throw outcome;
    const { coarse, points, startLr, endLr } = outcome;
    expect(coarse?.[0]?.lr).toBe(1e-6);
    expect(points[0]?.lr).toBe(startLr);
    expect(points.length + coarse!.length).toBeLessThanOrEqual(200);
    expect(trainable.seen.length).toBe(points.length + coarse!.length);
    // Gradient descent on this loss diverges above a rate of about 1.
    expect(startLr).toBeGreaterThan(1e-4);
    expect(startLr).toBeLessThan(0.1);
    expect(endLr).toBeGreaterThan(1);
    expect(outcome.stopped?.reason).toBe('diverged');
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
  });

  it('goes up to 10,000 if nothing diverges', async () => {
    const record = await trace({ steps: 120 }, { result: () => ({ loss: 2.3 }) });
    expect(record.coarse).toBeUndefined();
    expect(record.points[record.points.length - 1]?.lr).toBe(1e4);
    expect(record.points.length).toBe(48);
  });

  it('leads to a suggestion below the edge, or to a refusal with a reason', async () => {
    const { suggestion } = analyzeRangeTest(await trace({}));
    expect(suggestion!.maxLr).toBeGreaterThan(0.02);
    expect(suggestion!.maxLr).toBeLessThan(1);
    const broken = analyzeRangeTest(await trace({}, { result: () => ({ loss: Number.NaN }) }));
    expect(broken.suggestion).toBeNull();
    expect(broken.reasons[0]).toMatch(/^The loss was not finite before any update\. Look for NaN/);
  });

  it('evaluates during the slow sweep only, and refuses bad validation before any step', async () => {
    const { validation, points } = await trace({ steps: 200, validation: examples });
    expect(validation!.length).toBeGreaterThan(5);
    for (const { step, lr } of validation!) expect(lr).toBe(points[step]!.lr);
    const { outcome, trainable } = await tested({ validation: [] });
    expect((outcome as Error).message).toContain('validation');
    expect(trainable.seen.length).toBe(0);
  });

  it('takes more steps if the result is in doubt, unless the number of steps is given', async () => {
    const flat = { result: () => ({ loss: 2.3 }) };
    expect((await tested({}, flat)).trainable.seen.length).toBe(80 + 160);
    expect((await tested({ steps: 200 }, flat)).trainable.seen.length).toBe(80);
  });

  it('makes a single sweep over batches that allow only one pass', async () => {
    const trainable = linearTrainable();
    const once = (function* () {
      for (;;) yield examples[0]!;
    })();
    const record = await rangeTest(trainable, once, { steps: 120 });
    expect(record).toMatchObject({ startLr: 1e-6, endLr: 10 });
    expect(record.coarse).toBeUndefined();
  });

  it.each([20, 200])('stops when aborted at step %i of the two sweeps', async (at) => {
    const controller = new AbortController();
    let told = 0;
    const record = await trace({
      steps: 400,
      signal: controller.signal,
      onStep: () => {
        if (++told === at) controller.abort();
      },
    });
    expect(record.stopped).toEqual({ step: record.points.length, reason: 'aborted' });
    expect(record.coarse !== undefined).toBe(at === 200);
    expect(told).toBeLessThan(at + 3);
  });

  it('restores the model if the second sweep fails', async () => {
    const fails = (step: number, honest: { loss: number }) => (step > 9 + 200 ? thrower() : honest);
    const { outcome } = await tested({ steps: 400 }, { result: fails });
    expect((outcome as Error).message).toContain('mine');
  });

  it.each([
    ['a callback', { onStep: thrower }, {}, 'mine'],
    ['trainStep', {}, { result: thrower }, 'mine'],
    ['a late loss', {}, { result: () => ({ loss: Promise.reject(new Error('mine')) }) }, 'mine'],
    [
      'a loss that is a string',
      {},
      { result: () => ({ loss: 'x' as unknown as number }) },
      'loss = "x" at step 0',
    ],
  ])('restores the model after an error from %s', async (_, options, about, message) => {
    const { outcome } = await tested(options, about);
    expect(outcome).toBeInstanceOf(Error);
    expect((outcome as Error).message).toContain(message);
  });

  it.each([
    ['startLr', { startLr: -1 }],
    ['startLr', { startLr: 0 }],
    ['startLr', { startLr: 2, endLr: 1 }],
    ['endLr', { endLr: Number.POSITIVE_INFINITY }],
    ['steps', { steps: 1 }],
    ['spacing', { spacing: 'log' as 'linear' }],
    ['steps', { steps: 150.5 }],
  ])('refuses a bad %s before it changes anything', async (field, options) => {
    const { outcome, trainable } = await tested(options);
    expect((outcome as { field?: string }).field).toContain(field === 'startLr' ? '' : field);
    expect((outcome as Error).message).toMatch(/^\[clr\/core\] Expected .+\nReceived: .+\n.+/);
    expect(trainable.seen.length).toBe(0);
  });

  it('does nothing if the snapshot fails', async () => {
    const trainable = { ...linearTrainable(), snapshot: () => Promise.reject(new Error('no room')) };
    await expect(rangeTest(trainable, examples)).rejects.toThrow('no room');
    expect(trainable.seen.length).toBe(0);
  });
});

function thrower(): never {
  throw new Error('mine');
}
