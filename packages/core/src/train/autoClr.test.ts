import { describe, expect, it } from 'vitest';
import { examples, type LinearTrainable, linearTrainable } from '../../test/linearTrainable.ts';
import { toSchedule } from '../toSchedule.ts';
import { autoClr } from './autoClr.ts';
import type { AutoClrEvent, AutoClrOptions } from './autoClrOptions.ts';

type Options = Partial<AutoClrOptions<(typeof examples)[number]>>;

async function auto(options: Options, trainable: LinearTrainable = linearTrainable()) {
  const events: AutoClrEvent[] = [];
  const result = await autoClr(trainable, examples, {
    steps: 600,
    validation: examples,
    onEvent: (event) => {
      events.push(event);
    },
    ...options,
  });
  return { result, events, trainable };
}

describe('autoClr', () => {
  it('goes from model and data to a trained model with no rate chosen by hand', async () => {
    const { result, trainable } = await auto({});
    expect(result.finding.suggestion).not.toBeNull();
    expect(result.best!.loss).toBeLessThan(0.01);
    expect(trainable.state.w).toBeCloseTo(3, 0);
  });

  it('leaves the model at the best state that it passed', async () => {
    const { result, trainable } = await auto({});
    expect(trainable.state).toEqual(result.best!.snapshot);
    expect((await trainable.evaluate(examples)).loss).toBe(result.best!.loss);
  });

  it('tells of the sweep, the finding, the verdict, the policy, steps and troughs, in that order', async () => {
    const { events, result } = await auto({});
    const order = events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    expect(order.slice(0, 5)).toEqual(['sweep', 'finding', 'verdict', 'policy', 'step']);
    if (result.verdict?.winner === 'clr') {
      expect(events.filter(({ type }) => type === 'trough').length).toBeGreaterThanOrEqual(3);
    }
  });

  it('cycles at least three times and ends at a trough', async () => {
    const { result } = await auto({ verdict: false, stepsPerEpoch: 7 });
    const [high, low] = result.policy?.type === 'sequence' ? result.policy.stages : [];
    const bounds = [high, low].map((stage) => (stage?.policy.type === 'triangular' ? stage.policy : null));
    expect(bounds[1]!.maxLr).toBeCloseTo(bounds[0]!.maxLr / 10, 15);
    const { troughs, step } = result.run!;
    expect(troughs.length).toBeGreaterThanOrEqual(3);
    expect(troughs[troughs.length - 1]?.step).toBe(step);
    expect(step).toBeGreaterThan(580);
    const { stepSize } = bounds[0]!;
    // Four fifths of the cycles between the bounds, the rest a tenth as high.
    expect(high!.steps! / step).toBeGreaterThan(0.75);
    expect(high!.steps! / step).toBeLessThan(0.85);
    expect(stepSize / 7).toBeGreaterThanOrEqual(2);
    expect(stepSize / 7).toBeLessThanOrEqual(10);
  });

  it('judges a fixed rate against CLR from the same state on the same batches', async () => {
    const trainable = linearTrainable();
    const { result } = await auto({ steps: 600 }, trainable);
    const { verdict } = result;
    expect(verdict!.steps).toBe(60);
    expect(verdict!.margin).toBeCloseTo(Math.abs(verdict!.clr.loss - verdict!.fixed.loss), 12);
    const sweep = result.cost.rangeTest;
    const batchesOf = (from: number) => trainable.seen.slice(from, from + 60).map(({ batch }) => batch);
    expect(batchesOf(sweep)).toEqual(batchesOf(sweep + 60));
    const rates = trainable.seen.slice(sweep, sweep + 60).map(({ hyper }) => hyper.lr);
    const { fixedLr } = result.finding.suggestion!;
    expect(new Set(rates)).toEqual(new Set([fixedLr, fixedLr / 10]));
  });

  it('trains nothing where the range test carries nothing, and says why', async () => {
    const { result, trainable } = await auto({}, linearTrainable({ result: () => ({ loss: 1 }) }));
    expect(result.run).toBeUndefined();
    expect(result.finding.reasons[0]).toMatch(/^Flat/);
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
  });

  it('gives back what it reached when aborted', async () => {
    const controller = new AbortController();
    const { result, trainable } = await auto({
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step.step === 300) controller.abort();
      },
    });
    expect(result.run?.stopped).toEqual({ step: 301, reason: 'aborted' });
    expect(trainable.state).toEqual(result.best!.snapshot);
  });

  it('works without validation data', async () => {
    const { validation: _, ...bare } = { steps: 300, validation: undefined };
    const trainable = linearTrainable();
    const result = await autoClr(trainable, examples, bare);
    expect(result.best!.loss).toBeLessThan(0.05);
  });

  it('reduces the bounds and stops when cycles bring no gain; its policy is what acted', async () => {
    const { result, events } = await auto({ stepsPerEpoch: 3, patience: 2, verdict: false });
    const policies = events.flatMap((event) => (event.type === 'policy' ? [event.policy] : []));
    expect(policies.map(({ type }) => type)).toEqual(['sequence', 'sequence', 'sequence']);
    expect(result.policy).toEqual(policies[2]);
    const { run } = result;
    expect(run!.policy).toEqual(result.policy);
    expect(run!.stopped).toEqual({ step: run!.step, reason: 'ended' });
    expect(run!.step).toBeLessThan(580);
    const { lr, at } = toSchedule(result.policy!);
    for (const step of run!.steps) expect(step.lr).toBe(lr(step.step));
    for (const { step } of run!.troughs) expect(at(step).phase).toBe(0);
    const [first, second] = result.policy?.type === 'sequence' ? result.policy.stages : [];
    const bounds = (stage: typeof first) => (stage?.policy.type === 'triangular' ? stage.policy : undefined);
    expect(bounds(second)!.maxLr).toBeCloseTo(bounds(first)!.maxLr / 10, 15);
    const readings = events.flatMap((event) => (event.type === 'trough' ? [event.reading!.signal] : []));
    expect(readings.filter((signal) => signal !== 'go on')).toEqual([
      'reduce bounds',
      'reduce bounds',
      'stop',
    ]);
  });

  it('averages the last troughs and lets them answer together; the best of all is kept', async () => {
    const { result, events, trainable } = await auto({ average: true, ensemble: true, stepsPerEpoch: 8 });
    const { average, ensemble, run, best } = result;
    const last = run!.troughs.slice(-5).map(({ step }) => step);
    expect(average!.troughs.map(({ step }) => step)).toEqual(last);
    const weights = average!.troughs.map(({ snapshot }) => (snapshot as typeof trainable.state).w);
    const mean = linearTrainable();
    await mean.restore({ w: weights.reduce((sum, w) => sum + w, 0) / 5, v: 0, updates: 0 });
    expect(average!.loss).toBeCloseTo((await mean.evaluate(examples)).loss, 10);
    expect(ensemble!.loss).toBeCloseTo(average!.loss, 6);
    const all = [...run!.troughs.map(({ loss }) => loss!), average!.loss];
    expect(best!.loss).toBe(Math.min(...all));
    expect(best!.averaged === true).toBe(best!.loss === average!.loss);
    expect(trainable.state).toEqual(best!.snapshot);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['average', 'ensemble']);
  });

  it('stops at the next trough when asked to', async () => {
    const stopAtTrough = { aborted: false };
    const { result } = await auto({
      stopAtTrough,
      verdict: false,
      onEvent: (event) => {
        if (event.type === 'step' && event.step.step === 150) stopAtTrough.aborted = true;
      },
    });
    expect(result.run!.stopped).toEqual({ step: 240, reason: 'ended' });
    expect(result.run!.troughs.length).toBe(2);
  });

  it('never leaves a model worse than it came', async () => {
    const trainable = linearTrainable();
    // The least loss that there is.
    const sum = (of: (example: (typeof examples)[number]) => number) =>
      examples.reduce((total, example) => total + of(example), 0);
    const before = { w: sum(({ x, y }) => x * y) / sum(({ x }) => x * x), v: 0, updates: 0 };
    await trainable.restore(before);
    const { result } = await auto({ probe: 5 }, trainable);
    expect(trainable.state).toEqual(before);
    if (result.run) expect(result.best).toMatchObject({ step: 0, snapshot: before });
  });

  it('says truly what it cost', async () => {
    for (const options of [{}, { verdict: false }, { probe: 4 }, { steps: 3000 }]) {
      const { result, trainable } = await auto(options);
      const { rangeTest, verdict, training } = result.cost;
      expect(rangeTest + verdict + training).toBe(trainable.seen.length);
      expect(training).toBe(result.run?.steps.length ?? 0);
      // As documented: a tenth of the budget (at least 200), and a tenth for each candidate.
      const { steps = 600 } = options as Options;
      expect(rangeTest).toBeLessThanOrEqual(Math.max(200, steps / 10));
      expect(verdict).toBeLessThanOrEqual(steps / 5);
    }
  });

  it('trains the fixed rate between equal bounds, where that won, with every service of the troughs', async () => {
    // Of the two evaluations in the verdict the second is CLR's: it is made worse.
    const trainable = linearTrainable();
    const { evaluate } = trainable;
    let trials = 0;
    trainable.evaluate = async (batches) => {
      const metrics = await evaluate(batches);
      return trainable.seen.length > 0 && trials++ === 1 ? { loss: metrics.loss + 9 } : metrics;
    };
    const { result } = await auto({ average: true }, trainable);
    expect(result.verdict).toMatchObject({ winner: 'fixed', clear: true });
    const { fixedLr } = result.finding.suggestion!;
    expect(new Set(result.run!.steps.map(({ lr }) => lr))).toEqual(new Set([fixedLr, fixedLr / 10]));
    expect(result.run!.troughs.length).toBe(5);
    expect(result.average!.troughs.length).toBe(5);
  });

  it('trains CLR where the fixed rate won by no more than chance', async () => {
    const trainable = linearTrainable();
    const { evaluate } = trainable;
    let trials = 0;
    trainable.evaluate = async (batches) => {
      await evaluate(batches);
      return { loss: trainable.seen.length > 0 && trials++ === 1 ? 1.01 : 1 };
    };
    const { result } = await auto({}, trainable);
    expect(result.verdict).toMatchObject({ winner: 'fixed', clear: false });
    const { maxLr } = result.finding.suggestion!;
    expect(Math.max(...result.run!.steps.map(({ lr }) => lr))).toBe(maxLr);
  });

  it('takes a candidate that diverged for beaten, however little the other has learned', async () => {
    let phase = '';
    const trainable = linearTrainable({
      result: (_, honest) => (phase === 'clr' ? { loss: Number.NaN } : honest),
    });
    const { evaluate } = trainable;
    trainable.evaluate = async (batches) => {
      await evaluate(batches);
      if (trainable.seen.length > 0) phase = phase === '' ? 'clr' : 'training';
      return { loss: 1, accuracy: 0.01 };
    };
    const onEvent = ({ type }: AutoClrEvent) => {
      if (type === 'verdict') phase = 'training';
    };
    const { result } = await auto({ onEvent }, trainable);
    expect(result.verdict).toMatchObject({ winner: 'fixed', clear: true, margin: 0.01 });
  });

  it('divides the bounds by ten when both candidates diverge', async () => {
    let phase = '';
    const trainable = linearTrainable({
      result: (_, honest) => (phase === 'finding' ? { loss: Number.NaN, accuracy: 0 } : honest),
    });
    const { evaluate } = trainable;
    trainable.evaluate = async (batches) => ({ ...(await evaluate(batches)), accuracy: 0.5 });
    const result = await autoClr(trainable, examples, {
      steps: 300,
      validation: examples,
      onEvent: ({ type }) => {
        phase = type;
      },
    });
    expect(result.verdict).toBeUndefined();
    const { maxLr } = result.finding.suggestion!;
    expect(Math.max(...result.run!.steps.map(({ lr }) => lr))).toBeCloseTo(maxLr / 10, 12);
    expect(result.run!.stopped).toBeUndefined();
  });

  it.each([
    ['patience', { patience: 3 }],
    ['average', { average: true }],
    ['ensemble', { ensemble: true }],
  ])('refuses %s without validation', async (_, options) => {
    const trainable = linearTrainable();
    await expect(autoClr(trainable, examples, { steps: 300, ...options })).rejects.toThrow(
      '[clr/core] Expected validation batches, by which patience',
    );
    expect(trainable.seen.length).toBe(0);
  });

  it.each([
    ['average', { average: true }, 'average()'],
    ['ensemble', { ensemble: true }, 'predictBatch()'],
  ])('refuses %s of a trainable that cannot', async (_, options, method) => {
    const { average: __, predictBatch: ___, ...cannot } = linearTrainable();
    const all = { steps: 300, validation: examples, ...options };
    await expect(autoClr(cannot, examples, all)).rejects.toThrow(`Expected a Trainable with ${method}`);
  });

  it.each([{ steps: 0 }, { steps: 600, stepsPerEpoch: 0.5 }])('refuses %o', async (options) => {
    const trainable = linearTrainable();
    await expect(auto(options, trainable)).rejects.toThrow(/^\[clr\/core\] Expected steps/);
    expect(trainable.seen.length).toBe(0);
  });
});
