import { describe, expect, it } from 'vitest';
import { examples, linearTrainable } from '../../test/linearTrainable.ts';
import type { UpdateKind } from '../optimizers/updateKind.ts';
import type { Trainable } from '../trainable/trainable.ts';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { batchSharpness } from './batchSharpness.ts';
import { coarseSweep } from './calibration.ts';
import { parseTrace } from './parseTrace.ts';
import { rangeTest } from './rangeTest.ts';
import type { RangeTestTrace } from './trace.ts';

type Model = Trainable<(typeof examples)[number]>;

/** The linear model with its true sharpness 2x². Records the measured batches and the weights. */
function sharpModel(more: Partial<Model> = {}) {
  const measured: { x: number; w: number }[] = [];
  const model = linearTrainable();
  const trainable = Object.assign(model, {
    updateKind: 'sgd' as UpdateKind,
    batchSharpness: async ({ x }: { x: number }) => {
      measured.push({ x, w: model.state.w });
      return 2 * x * x;
    },
    ...more,
  });
  return { trainable, measured };
}

describe('batchSharpness', () => {
  it('gives the values of the first batches, their mean, median and deviation', async () => {
    const { trainable } = sharpModel();
    const values = examples.map(({ x }) => 2 * x * x);
    const five = await batchSharpness(trainable, examples);
    expect(five.values).toEqual(values.slice(0, 5));
    expect(five.median).toBe(values[2]);
    const two = await batchSharpness(trainable, examples, { count: 2 });
    expect(two.mean).toBeCloseTo((values[0]! + values[1]!) / 2, 12);
    expect(two.deviation).toBeCloseTo((values[1]! - values[0]!) / 2, 12);
  });

  it.each([
    ['sgd', undefined, [0.5, 0.5]],
    ['momentum', 0.9, [0.05, 0.95]],
    ['adaptive', 0.9, [0.5, 9.5]],
    ['adaptive', 0, [0.5, 0.5]],
    ['momentum', undefined, null],
  ] as const)('predicts the edge of %s, momentum %s, between %o', async (updateKind, momentum, edges) => {
    const { trainable } = sharpModel({
      updateKind,
      batchSharpness: async () => 4,
      ...(momentum !== undefined && { momentum }),
    });
    const { edgeLr } = await batchSharpness(trainable, examples);
    if (edges === null) expect(edgeLr).toBeNull();
    else for (const [i, edge] of edges.entries()) expect(edgeLr![i]).toBeCloseTo(edge, 12);
  });

  it('predicts no edge if the loss curves down, and ignores batches without a gradient', async () => {
    const down = sharpModel({ batchSharpness: async () => -1 }).trainable;
    expect((await batchSharpness(down, examples)).edgeLr).toBeNull();
    const some = [3, Number.NaN, 5];
    const { trainable } = sharpModel({ batchSharpness: async () => some.shift()! });
    expect((await batchSharpness(trainable, examples, { count: 3 })).values).toEqual([3, 5]);
    const nothing = sharpModel({ batchSharpness: async () => Number.NaN }).trainable;
    expect(await batchSharpness(nothing, examples)).toMatchObject({
      values: [],
      mean: Number.NaN,
      edgeLr: null,
    });
  });

  it('refuses bad counts, bad batches and a Trainable without the method, and reports its errors', async () => {
    await expect(batchSharpness(linearTrainable(), examples)).rejects.toThrow('batchSharpness()');
    const { trainable } = sharpModel();
    await expect(batchSharpness(trainable, examples, { count: 0 })).rejects.toThrow('count');
    await expect(batchSharpness(trainable, 5 as never)).rejects.toThrow('batches');
    const broken = sharpModel({ batchSharpness: () => Promise.reject(new Error('no kernel')) }).trainable;
    await expect(batchSharpness(broken, examples)).rejects.toThrow('no kernel');
  });
});

describe('the batch sharpness in a range test', () => {
  it('is measured at rates up to the coarse sweep’s edge, just before the step on the same batch', async () => {
    const { trainable, measured } = sharpModel();
    const trace = await rangeTest(trainable, examples);
    const { points, sharpness = [] } = trace;
    const edge = trace.startLr * coarseSweep.below;
    expect(sharpness.map(({ sharpness }) => sharpness)).toEqual(measured.map(({ x }) => 2 * x * x));
    expect(sharpness.length).toBeGreaterThan(2);
    for (const { step, lr } of sharpness) {
      expect(lr).toBeGreaterThanOrEqual(edge / 30.01);
      expect(lr).toBeLessThanOrEqual(edge * 1.0001);
      expect(points[step]?.lr).toBe(lr);
      expect(measured[sharpness.findIndex((point) => point.step === step)]?.x).toBe(examples[step % 7]!.x);
    }
    expect(trainable.state.w).toBe(0);
    expect(parseTrace(JSON.parse(JSON.stringify(trace)))).toEqual(trace);
  });

  it('changes no other number of the trace, not even with validation during the sweep', async () => {
    const options = { steps: 200, validation: examples };
    const { sharpness, ...rest } = await rangeTest(sharpModel().trainable, examples, options);
    expect(sharpness!.length).toBeGreaterThan(2);
    const { batchSharpness: _, ...without } = sharpModel().trainable;
    expect(await rangeTest(without, examples, options)).toEqual(rest);
  });

  it('can be switched off, and is off if the rates are given', async () => {
    const { trainable, measured } = sharpModel();
    await rangeTest(trainable, examples, { sharpness: false });
    await rangeTest(trainable, examples, { startLr: 1e-3, endLr: 10 });
    expect(measured).toEqual([]);
  });

  it('restores the model if measuring fails', async () => {
    const { trainable } = sharpModel({ batchSharpness: () => Promise.reject(new Error('no kernel')) });
    await expect(rangeTest(trainable, examples)).rejects.toThrow(/batchSharpness\(\).*before step/s);
    expect(trainable.state).toMatchObject({ w: 0, updates: 0 });
  });

  it('treats values that are not finite as missing', async () => {
    const { trainable } = sharpModel({ batchSharpness: async () => Number.NaN });
    const trace = await rangeTest(trainable, examples, { steps: 150 });
    expect(trace.sharpness?.every(({ sharpness }) => sharpness === null)).toBe(true);
    expect(analyzeRangeTest(trace).reasons.join(' ')).toContain('shows no edge');
  });
});

describe('the second opinion', () => {
  /** A clear curve with its edge near 1, and a batch sharpness. */
  const traceWith = (sharpness: number, more: Partial<RangeTestTrace> = {}): RangeTestTrace => ({
    version: 1,
    spacing: 'exponential',
    startLr: 1e-3,
    endLr: 10,
    points: Array.from({ length: 160 }, (_, step) => {
      const x = -3 + step / 40;
      return { step, lr: 10 ** x, loss: x < 0 ? 1 - (x + 3) / 3 : Math.min(4, 8 * x) };
    }),
    sharpness: [
      { step: 1, lr: 0.1, sharpness: 1e6 },
      ...[2, 3].map((step) => ({ step, lr: 0.6, sharpness })),
      { step: 4, lr: 3, sharpness: 1e6 },
    ],
    stopped: { step: 160, reason: 'diverged' },
    ...more,
  });
  const opinion = (trace: RangeTestTrace, updateKind?: UpdateKind): string =>
    analyzeRangeTest(trace, { smoothing: 'none', ...(updateKind && { updateKind }) })
      .reasons.slice(1)
      .join(' ');
  const edge = analyzeRangeTest(traceWith(1), { smoothing: 'none' }).edgeLr!;

  it('states its distance from the sweep’s edge', () => {
    expect(opinion(traceWith(2 / (edge * 1.5)), 'sgd')).toMatch(
      /predicts the edge near .*, a factor 1\.5 above the sweep’s\.$/,
    );
    expect(opinion(traceWith(2 / (edge / 3)), 'sgd')).toMatch(/a factor 3\.0 below the sweep’s\.$/);
    const momentum = { momentum: 0.9, updateKind: 'momentum' } as const;
    expect(opinion(traceWith(0.5 / edge, momentum))).toMatch(/between .* and .*, around the sweep’s\.$/);
    expect(opinion(traceWith(38 / edge, momentum))).toMatch(/a factor 10 below the sweep’s\.$/);
  });

  it('says nothing if nothing was measured or the momentum is unknown', () => {
    const { sharpness: _, ...without } = traceWith(1);
    expect(opinion(without, 'sgd')).toBe('');
    expect(opinion(traceWith(1), 'momentum')).toBe('');
    expect(opinion(traceWith(1))).toBe('');
  });

  it('changes no suggested rate', () => {
    const asked = { updateKind: 'sgd', smoothing: 'none' } as const;
    const { suggestion } = analyzeRangeTest(traceWith(1e3), asked);
    expect(suggestion).not.toBeNull();
    expect(suggestion).toEqual(analyzeRangeTest(traceWith(1e-3), asked).suggestion);
  });
});
