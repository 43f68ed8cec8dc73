import { describe, expect, it } from 'vitest';
import { type Rows, randomOf, type SmallNet, smallNet } from '../../test/smallNet.ts';
import { decay } from '../policies/decay.ts';
import type { RangeTestPoint } from '../rangeTest/trace.ts';
import { train } from '../train/train.ts';
import { autoClr } from './autoClr.ts';
import type { AutoClrEvent, AutoClrOptions } from './autoClrOptions.ts';
import { createSession } from './session.ts';
import { settle } from './settle.ts';

const width = 6;
const hidden = 12;
const steps = 1500;

/** Rows around 0. The label of a row is the nearest of a few directions. */
function rows(count: number, seed: number, classes = 4): Rows {
  const [draw, choose] = [randomOf(seed), randomOf(7)];
  const normal = (random: () => number) => random() + random() + random() + random() - 2;
  const directions = Array.from({ length: classes }, () =>
    Array.from({ length: width }, () => normal(choose)),
  );
  const inputs = Array.from({ length: count }, () => Array.from({ length: width }, () => 1.7 * normal(draw)));
  const targets = inputs.map((x) => {
    const along = directions.map((direction) => direction.reduce((sum, d, i) => sum + d * x[i]!, 0));
    return along.indexOf(Math.max(...along));
  });
  return { inputs, targets };
}

const batchesOf = ({ inputs, targets }: Rows): Rows[] =>
  Array.from({ length: Math.floor(inputs.length / 32) }, (_, i) => ({
    inputs: inputs.slice(32 * i, 32 * i + 32),
    targets: targets.slice(32 * i, 32 * i + 32),
  }));

interface Start {
  readonly classes?: number;
  readonly change?: (rows: Rows) => Rows;
  readonly prepare?: (net: SmallNet) => void | Promise<void>;
}

const scaled =
  (of: (value: number, column: number) => number) =>
  (all: Rows): Rows => ({
    ...all,
    inputs: all.inputs.map((row) => row.map(of)),
  });
const numbers = ({ inputs }: Rows): Rows => ({
  inputs,
  targets: inputs.map((x) => 200 + 80 * Math.tanh(x[0]! + x[1]! - x[2]!)),
});
const times =
  (factor: number, from = 0) =>
  (net: SmallNet) => {
    net.weights = net.weights.map((weight, i) => (i < from ? weight : factor * weight));
  };

/** Data and models whose loss starts far above that of the best constant answer. */
const starts: Readonly<Record<string, Start>> = {
  'pixels from 0 to 255': { change: scaled((value) => 128 + 40 * value) },
  'columns on widely different scales': {
    change: scaled((value, column) => 10 ** (column - 1) * (value + 2)),
  },
  'targets in the hundreds': { classes: 0, change: numbers },
  'weights 10 times too large': { prepare: times(10) },
  'a last layer 100 times too large': { prepare: times(100, hidden * (width + 1)) },
  'an old head on new classes': {
    change: ({ inputs, targets }) => ({ inputs, targets: targets.map((target) => (target + 1) % 4) }),
    async prepare(net) {
      const policy = decay({ maxLr: 0.05, steps: 500 });
      await train(net, batchesOf(rows(1600, 3)), { policy, steps: 500 });
      times(3, hidden * (width + 1))(net);
    },
  },
};

async function begin({ classes = 4, change = (all) => all, prepare }: Start) {
  const net = smallNet({ inputs: width, hidden, classes });
  await prepare?.(net);
  const [batches, validation] = [3, 4].map((seed) => batchesOf(change(rows(1600, seed))));
  const constant = (await net.constantAnswer!(validation!))!;
  const score = async () => {
    const { loss, accuracy } = await net.evaluate(validation!);
    const points = 100 * (accuracy ?? 1 - loss / constant.loss);
    return Number.isFinite(points) ? Math.max(0, points) : 0;
  };
  return { net, batches: batches!, constant, score };
}

/** The best score of linear decays from a grid of peaks. */
async function bestOf(start: Start): Promise<number> {
  const { net, batches, score } = await begin(start);
  const origin = await net.snapshot();
  let best = 0;
  for (let peak = 1; peak > 1e-5; peak /= 10 ** 0.5) {
    await net.restore(origin);
    await train(net, batches, { policy: decay({ maxLr: peak, steps }), steps });
    best = Math.max(best, await score());
  }
  return best;
}

describe('autoClr from a start far above the best constant answer', () => {
  it.each(Object.keys(starts))(
    'with %s, trains as well as the best rate of a grid, or refuses with the true reason',
    async (name) => {
      const { net, batches, constant, score } = await begin(starts[name]!);
      const origin = await net.snapshot();
      const { loss: firstLoss } = await net.evaluate(batches);
      const events: AutoClrEvent[] = [];
      const { run, finding, cost } = await autoClr(net, batches, {
        steps,
        onEvent: (event) => {
          events.push(event);
        },
      });
      expect(firstLoss / constant.loss).toBeGreaterThan(1.5);
      expect(cost.rangeTest + cost.settling + cost.training).toBeLessThanOrEqual(steps);
      expect(events.some(({ type }) => type === 'settling')).toBe(cost.settling > 0);
      const reasons = finding.reasons.join(' ');
      expect(reasons).toMatch(
        /The loss starte?d?s? at .* inputs and targets are normalised, that the initial weights are small, and/,
      );
      if (run) {
        expect(await score()).toBeGreaterThan((await bestOf(starts[name]!)) - 1);
      } else {
        expect(finding.suggestion).toBeNull();
        expect(await net.snapshot(), 'the model is unchanged').toEqual(origin);
      }
    },
  );

  it('notices a high start without a constant answer to compare with', async () => {
    const { net, batches } = await begin(starts['pixels from 0 to 255']!);
    delete (net as Partial<SmallNet>).constantAnswer;
    const { finding, cost } = await autoClr(net, batches, { steps });
    expect(cost.settling).toBe(100);
    expect(finding.reasons[0]).toMatch(
      /^The loss fell below half of its start at rates that hardly train, so the model first trained 100 steps/,
    );
  });

  it('does not settle a model whose loss starts at an ordinary level', async () => {
    const { net, batches, score } = await begin({});
    const { finding, cost, run } = await autoClr(net, batches, { steps });
    expect(cost.settling).toBe(0);
    expect(finding.reasons.join(' ')).not.toMatch(/normalised/);
    expect(run).toBeDefined();
    expect(await score()).toBeGreaterThan(90);
  });

  it('does not train a model that has memorised its examples', async () => {
    const { net, batches } = await begin({});
    const few = batches.slice(0, 2);
    await train(net, few, { policy: decay({ maxLr: 0.1, steps: 4000 }), steps: 4000 });
    expect((await net.evaluate(few)).loss).toBeLessThan(0.005);
    const origin = await net.snapshot();
    const { finding, run } = await autoClr(net, few, { steps });
    expect(run).toBeUndefined();
    expect(finding.reasons.join(' ')).toMatch(/^The model is already trained: .* Nothing to gain: /);
    expect(await net.snapshot()).toEqual(origin);
  });
});

describe('settle', () => {
  /** A coarse sweep whose loss falls to a hundredth at `rate`. */
  const coarse = (rate: number): RangeTestPoint[] =>
    Array.from({ length: 60 }, (_, step) => {
      const lr = 10 ** (step / 10 - 6);
      return { step, lr, loss: lr < rate ? 100 : 1 };
    });
  const session = async (options: Partial<AutoClrOptions<Rows>> = {}) => {
    const { net, batches } = await begin({});
    return createSession(net, batches, { steps, ...options });
  };

  it('trains a tenth of the budget, at most 100 steps, at half the rate where half of the fall was done', async () => {
    for (const [budget, expected] of [
      [400, 40],
      [4000, 100],
    ] as const) {
      const made = await session({ steps: budget });
      const settled = await settle(made, coarse(1e-3));
      expect(settled!.steps).toBe(expected);
      expect(made.cost.settling).toBe(expected);
      expect(settled!.lr / 1e-3).toBeCloseTo(0.63, 1); // the median of three losses falls one step late
    }
  });

  it('stops once the loss reaches that of the constant answer', async () => {
    const { net, batches, constant } = await begin(starts['a last layer 100 times too large']!);
    const made = createSession(net, batches, { steps: 4000 });
    const first = await net.evaluate(batches);
    const settled = await settle(made, coarse(2e-3), constant.loss);
    expect(first.loss).toBeGreaterThan(5 * constant.loss);
    expect(settled!.steps).toBeLessThan(100);
    expect(settled!.steps % 10).toBe(0);
    expect(made.cost.settling).toBe(settled!.steps);
    const { loss } = await net.evaluate(batches);
    expect(loss / constant.loss).toBeGreaterThan(0.5);
    expect(loss / constant.loss).toBeLessThan(1.1);
  });

  it('does nothing in a small budget, after an abort, or if the sweep shows no fall', async () => {
    const tries: [Partial<AutoClrOptions<Rows>>, RangeTestPoint[]][] = [
      [{ steps: 90 }, coarse(1e-3)],
      [{ signal: { aborted: true } as AbortSignal }, coarse(1e-3)],
      [{}, coarse(Infinity)],
      [{}, coarse(1e-3).slice(0, 5)],
    ];
    for (const [options, points] of tries) {
      const made = await session(options);
      expect(await settle(made, points)).toBeUndefined();
      expect(made.cost.settling).toBe(0);
    }
  });

  it('restores a model that diverged while settling', async () => {
    const made = await session();
    const before = await made.trainable.snapshot();
    expect(await settle(made, coarse(1e3))).toBeUndefined();
    expect(await made.trainable.snapshot()).toEqual(before);
  });
});
