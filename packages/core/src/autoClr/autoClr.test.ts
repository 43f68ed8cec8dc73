import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examples, type LinearTrainable, linearTrainable } from '../../test/linearTrainable.ts';
import { constant } from '../policies/constant.ts';
import { decay } from '../policies/decay.ts';
import { triangular } from '../policies/triangular.ts';
import { triangular2 } from '../policies/triangular2.ts';
import { analyzeRangeTest } from '../rangeTest/analyzeRangeTest.ts';
import { showNumber } from '../rangeTest/describe.ts';
import { parseTrace } from '../rangeTest/parseTrace.ts';
import { peakFor } from '../rangeTest/peakFor.ts';
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
  it('spends no more than its budget, and by default all of it', async () => {
    const plans = ['decay', 'cycles', 'wsd', 'fixed'] as const;
    const small = fc.integer({ min: 2, max: 400 });
    const large = fc.integer({ min: 401, max: 3000 });
    const property = async (steps: number, plan: (typeof plans)[number], verdict: boolean) => {
      const trainable = linearTrainable();
      const { run, cost } = await autoClr(trainable, examples, {
        ...{ steps, plan },
        ...(steps >= 100 && { verdict }),
      });
      const spent = cost.rangeTest + cost.verdict + cost.training;
      expect(spent).toBe(trainable.seen.length);
      expect(spent).toBeLessThanOrEqual(steps);
      if (steps >= 2000) expect(cost.rangeTest).toBeLessThanOrEqual(0.08 * steps);
      if (!run) return;
      expect(run.troughs.at(-1)?.step).toBe(run.step);
      if (plan === 'decay' && !verdict) expect(spent).toBe(steps);
    };
    const parameters = [fc.oneof(small, small, large), fc.constantFrom(...plans), fc.boolean()] as const;
    await fc.assert(fc.asyncProperty(...parameters, property), { numRuns: 20 });
    for (const steps of [2, 3, 10, 59, 60, 61, 479, 480, 1999, 2000, 10_000])
      await property(steps, 'decay', false);
  });

  it('trains a model without a given rate', async () => {
    const { result, trainable } = await auto({});
    expect(result.finding.suggestion).not.toBeNull();
    expect(result.best!.loss).toBeLessThan(0.01);
    expect(trainable.state.w).toBeCloseTo(3, 0);
  });

  it('returns a trace that survives a JSON round trip and gives the same suggestion again', async () => {
    const { result, events } = await auto({});
    const told = events.find((event) => event.type === 'finding')!;
    expect(told).toMatchObject({ trace: result.trace, finding: { suggestion: result.finding.suggestion } });
    const { trace, finding } = result;
    const read = parseTrace(JSON.parse(JSON.stringify(trace)));
    expect(read).toEqual(trace);
    const { steps } = finding.suggestion!;
    expect(analyzeRangeTest(read, { steps }).suggestion).toEqual(finding.suggestion);
  });

  it('leaves the model in the best state of the run', async () => {
    const { result, trainable } = await auto({});
    expect(trainable.state).toEqual(result.best!.snapshot);
    expect((await trainable.evaluate(examples)).loss).toBe(result.best!.loss);
  });

  it('emits events for the sweep, the finding, the verdict, the policy, steps and troughs, in that order', async () => {
    const order = ({ events }: { readonly events: readonly AutoClrEvent[] }) =>
      events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    expect(order(await auto({}))).toEqual(['sweep', 'finding', 'policy', 'step', 'trough']);
    const judged = order(await auto({ verdict: true, plan: 'cycles' }));
    expect(judged.slice(0, 6)).toEqual(['sweep', 'finding', 'verdict', 'policy', 'step', 'trough']);
  });

  it('trains by default with a warm-up and a decay along REX from maxLr to 0, and ends at a trough', async () => {
    const { result } = await auto({});
    const { policy, run, finding } = result;
    expect(policy).toMatchObject({ type: 'decay', shape: 'rex', steps: run!.step });
    const rates = run!.steps.map(({ lr }) => lr);
    expect(rates[0]).toBe(0);
    expect(Math.max(...rates)).toBe(finding.suggestion!.maxLr);
    expect(rates.indexOf(Math.max(...rates))).toBe(Math.round(run!.step / 100));
    expect(run!.troughs.map(({ step }) => step)).toEqual([run!.step]);
  });

  it('runs at least three cycles under the plan cycles, and ends at a trough', async () => {
    const { result } = await auto({ plan: 'cycles', steps: 800, stepsPerEpoch: 7 });
    const [high, low] = result.policy?.type === 'sequence' ? result.policy.stages : [];
    const bounds = [high, low].map((stage) => (stage?.policy.type === 'triangular' ? stage.policy : null));
    expect(bounds[1]!.maxLr).toBeCloseTo(bounds[0]!.maxLr / 10, 15);
    const { troughs, step } = result.run!;
    expect(troughs.length).toBeGreaterThanOrEqual(3);
    expect(troughs[troughs.length - 1]?.step).toBe(step);
    expect(step).toBeGreaterThan(580);
    const { stepSize } = bounds[0]!;
    // Four fifths of the cycles lie between the bounds, the others between a tenth of the bounds.
    expect(high!.steps! / step).toBeGreaterThan(0.75);
    expect(high!.steps! / step).toBeLessThan(0.85);
    expect(stepSize / 7).toBeGreaterThanOrEqual(2);
    expect(stepSize / 7).toBeLessThanOrEqual(10);
  });

  it('compares the plan and a fixed rate from the same state on the same batches', async () => {
    const trainable = linearTrainable();
    const { result } = await auto({ steps: 600, verdict: true }, trainable);
    const verdict = result.verdict!;
    const [plan, fixed] = verdict.trials;
    expect([plan!.plan, fixed!.plan, verdict.steps]).toEqual(['decay', 'fixed', 60]);
    expect(verdict.margin).toBeCloseTo(Math.abs(plan!.end!.loss - fixed!.end!.loss), 12);
    const sweep = result.cost.rangeTest;
    const batchesOf = (from: number) => trainable.seen.slice(from, from + 60).map(({ batch }) => batch);
    expect(batchesOf(sweep)).toEqual(batchesOf(sweep + 60));
    const rates = trainable.seen.slice(sweep + 60, sweep + 120).map(({ hyper }) => hyper.lr);
    const { fixedLr } = result.finding.suggestion!;
    expect(new Set(rates)).toEqual(new Set([fixedLr, fixedLr / 10]));
  });

  it('trains nothing if the range test gives no suggestion, and says why', async () => {
    const { result, trainable } = await auto({}, linearTrainable({ result: () => ({ loss: 1 }) }));
    expect(result.run).toBeUndefined();
    expect(result.finding.reasons[0]).toMatch(/^Flat/);
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
  });

  it('returns the state reached so far if it is aborted', async () => {
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

  it('judges the state that an aborted run reached on the validation data', async () => {
    const stopAfter = async (validation: typeof examples) => {
      const controller = new AbortController();
      const trainable = linearTrainable();
      const { result } = await auto(
        {
          validation,
          signal: controller.signal,
          onEvent: (event) => {
            if (event.type === 'step' && event.step.step === 300) controller.abort();
          },
        },
        trainable,
      );
      expect(result.run?.stopped?.reason).toBe('aborted');
      expect((await trainable.evaluate(validation)).loss).toBe(result.best!.loss);
      return { best: result.best!, trainable };
    };
    expect((await stopAfter(examples)).best.step).toBe(301);
    // The untouched weight of 0 is right for these examples, so training makes the model worse.
    const { best, trainable } = await stopAfter(examples.map(({ x }) => ({ x, y: 0 })));
    expect(best).toMatchObject({ step: 0, loss: 0 });
    expect(trainable.state.w).toBe(0);
  });

  it('works without validation data', async () => {
    const { validation: _, ...bare } = { steps: 300, validation: undefined };
    const trainable = linearTrainable();
    const result = await autoClr(trainable, examples, bare);
    expect(result.best!.loss).toBeLessThan(0.05);
  });

  it('reduces the bounds and stops if cycles bring no gain, and returns the policy that was used', async () => {
    const { result, events } = await auto({ stepsPerEpoch: 3, patience: 2 });
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
    const readings = events.flatMap((event) => (event.type === 'trough' ? [event.reading!.advice] : []));
    expect(readings.filter((signal) => signal !== 'go on')).toEqual([
      'reduce bounds',
      'reduce bounds',
      'stop',
    ]);
  });

  it('averages and ensembles the last troughs, and keeps the best state', async () => {
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

  it('stops at the next trough on request, and the model is well trained there', async () => {
    const stopAtTrough = { aborted: false };
    const onEvent = (event: AutoClrEvent) => {
      if (event.type === 'step' && event.step.step === 150) stopAtTrough.aborted = true;
    };
    const { result } = await auto({ stopAtTrough, onEvent });
    const { policy, run } = result;
    if (policy?.type !== 'wsd') return expect.fail(`trained ${policy?.type}`);
    expect(run!.stopped).toEqual({ step: 2 * policy.steps, reason: 'ended' });
    expect(run!.troughs.length).toBe(2);
    expect(result.best!.loss).toBeLessThan(0.01);
  });

  it('never leaves a model worse than before', async () => {
    const trainable = linearTrainable();
    // The weights with the lowest possible loss.
    const sum = (of: (example: (typeof examples)[number]) => number) =>
      examples.reduce((total, example) => total + of(example), 0);
    const before = { w: sum(({ x, y }) => x * y) / sum(({ x }) => x * x), v: 0, updates: 0 };
    await trainable.restore(before);
    const { result } = await auto({ updatesPerRate: 5 }, trainable);
    expect(trainable.state).toEqual(before);
    if (result.run) expect(result.best).toMatchObject({ step: 0, snapshot: before });
  });

  it('reports the updates spent on the range test, the verdict and the training', async () => {
    for (const options of [
      {},
      { verdict: true },
      { updatesPerRate: 4 },
      { steps: 3000 },
    ] satisfies Options[]) {
      const { result, trainable } = await auto(options);
      const { rangeTest, verdict, training } = result.cost;
      expect(rangeTest + verdict + training).toBe(trainable.seen.length);
      expect(training).toBe(result.run?.steps.length ?? 0);
      const { steps = 600 } = options as Options;
      expect(rangeTest).toBeLessThanOrEqual(Math.max(160, 0.08 * steps));
      expect(verdict).toBe('verdict' in options ? steps / 5 : 0);
      expect(rangeTest + verdict + training).toBe(steps);
    }
  });

  /** A model that returns the given metrics in a verdict: first for the plan, then for its rivals. */
  function judged(...ends: readonly { readonly loss: number; readonly accuracy?: number }[]) {
    const trainable = linearTrainable();
    const { evaluate } = trainable;
    let trials = 0;
    trainable.evaluate = async (batches) => {
      const metrics = await evaluate(batches);
      return (trainable.seen.length > 0 && ends[trials++]) || metrics;
    };
    return trainable;
  }

  it('trains a rival that won clearly, and averages its troughs', async () => {
    const options = { average: true, verdict: true };
    const { result } = await auto(options, judged({ loss: 9 }, { loss: 1 }));
    expect(result.verdict).toMatchObject({ winner: 'fixed', clear: true, margin: 8 });
    const { fixedLr } = result.finding.suggestion!;
    expect(new Set(result.run!.steps.map(({ lr }) => lr))).toEqual(new Set([fixedLr, fixedLr / 10]));
    expect(result.run!.troughs.length).toBe(5);
    expect(result.average!.troughs.length).toBe(5);
  });

  it("trains the plan if a rival's lead may be due to chance", async () => {
    const { result } = await auto({ verdict: true }, judged({ loss: 1.01 }, { loss: 1 }));
    expect(result.verdict).toMatchObject({ winner: 'fixed', clear: false });
    expect(result.policy?.type).toBe('decay');
  });

  it('compares several plans, by accuracy if there is one', async () => {
    const rivals = ['wsd', 'cycles'] as const;
    const ends = [0.7, 0.75, 0.74].map((accuracy) => ({ loss: 1 - accuracy, accuracy }));
    const { result } = await auto({ verdict: rivals, steps: 900 }, judged(...ends));
    const { winner, trials, margin, clear, steps } = result.verdict!;
    expect([winner, clear, steps]).toEqual(['wsd', true, 60]);
    expect(margin).toBeCloseTo(0.05, 12);
    expect(trials).toEqual(ends.map((end, i) => ({ plan: ['decay', ...rivals][i], end })));
    expect(result.policy?.type).toBe('wsd');
  });

  it('lets a plan that diverged lose, even to a plan that learned little', async () => {
    let trial = 0;
    const trainable = linearTrainable({
      result: (_, honest) => (trial === 1 ? { loss: Number.NaN } : honest),
    });
    const { evaluate, restore } = trainable;
    trainable.evaluate = async (batches) => ({ ...(await evaluate(batches)), accuracy: 0.01 });
    // The range test restores the model after each of its sweeps, the verdict after each trial.
    let told = false;
    trainable.restore = async (snapshot) => {
      await restore(snapshot);
      if (told) trial++;
    };
    const onEvent = ({ type }: AutoClrEvent) => {
      if (type === 'finding') [told, trial] = [true, 1];
    };
    const { result } = await auto({ onEvent, verdict: true }, trainable);
    expect(result.verdict).toMatchObject({ winner: 'fixed', clear: true, margin: 0.01 });
    expect(result.verdict!.trials).toEqual([{ plan: 'decay' }, { plan: 'fixed', end: expect.anything() }]);
  });

  it('continues from a state that the sweep passed at a rate below maxLr', async () => {
    const trainable = linearTrainable();
    const states: LinearTrainable['state'][] = [];
    const seen: number[] = [];
    const onEvent = ({ type }: AutoClrEvent) => {
      if (type !== 'policy') return;
      states.push({ ...trainable.state });
      seen.push(trainable.seen.length);
    };
    const { result } = await auto({ onEvent, steps: 1000 }, trainable);
    const { coarse, points } = result.trace;
    const { maxLr } = result.finding.suggestion!;
    const { updates } = states[0]!;
    expect(seen[0]).toBe(coarse!.length + points.length);
    expect(points[updates]!.lr).toBeLessThanOrEqual(maxLr);
    expect(points[updates]!.lr).toBeGreaterThan(maxLr / 20);
    expect(result.finding.reasons.at(-1)).toContain(
      `had reached ${showNumber(points[updates]!.lr)}. The sweep up to there`,
    );
    // A fresh model that takes the same steps reaches the same state.
    const again = linearTrainable();
    for (const { lr } of points.slice(0, updates)) {
      await again.trainStep(examples[again.seen.length % examples.length]!, { lr });
    }
    expect(again.state).toEqual(states[0]);
  });

  it('continues from a state of the sweep only if the plan is a decay and there is no verdict', async () => {
    for (const options of [{ plan: 'cycles' }, { plan: 'wsd' }, { verdict: true }] as const) {
      const trainable = linearTrainable();
      let state: LinearTrainable['state'] | undefined;
      const onEvent = ({ type }: AutoClrEvent) => {
        if (type === 'policy') state = { ...trainable.state };
      };
      await auto({ onEvent, ...options }, trainable);
      expect(state).toEqual({ w: 0, v: 0, updates: 0 });
    }
  });

  it('leaves the model unchanged if training is aborted before its first step', async () => {
    const controller = new AbortController();
    const trainable = linearTrainable();
    const onEvent = ({ type }: AutoClrEvent) => {
      if (type === 'policy') controller.abort();
    };
    const { result } = await auto({ onEvent, signal: controller.signal }, trainable);
    expect(result.best!.step).toBe(0);
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
    expect(result.best!.snapshot).toEqual(trainable.state);
  });

  it('starts again with a quarter of the rates after the training diverged', async () => {
    let [policies, taken] = [0, 0];
    let state: LinearTrainable['state'] | undefined;
    const trainable = linearTrainable({
      result: (_, honest) => (policies === 1 && taken++ >= 30 ? { loss: Number.NaN } : honest),
    });
    const onEvent = ({ type }: AutoClrEvent) => {
      if (type !== 'policy') return;
      policies++;
      state = { ...trainable.state };
    };
    const { result } = await auto({ onEvent }, trainable);
    expect(policies).toBe(2);
    expect(state).toEqual({ w: 0, v: 0, updates: 0 });
    const quarter = result.finding.suggestion!.maxLr / 4;
    expect(Math.max(...result.run!.steps.map(({ lr }) => lr)) / quarter).toBeCloseTo(1, 9);
    expect(result.run!.stopped).toBeUndefined();
    expect(result.best!.step).toBe(result.run!.step);
    const { rangeTest, training } = result.cost;
    expect(training).toBe(31 + result.run!.steps.length);
    expect(rangeTest + training).toBe(600);
    expect(result.finding.reasons.at(-1)).toMatch(
      /^The training diverged at [\d.]+ \(step 30\) and started again/,
    );
  });

  it('starts again after the training lost what it had learned, even if the losses stay finite', async () => {
    const even = [-1, 1].map((x) => ({ x, y: 3 * x }));
    let [policies, taken] = [0, 0];
    const trainable = linearTrainable({
      result: (_, honest) => (policies === 1 && taken++ >= 30 ? { loss: 8.99 } : honest),
    });
    const onEvent = ({ type }: AutoClrEvent) => {
      if (type === 'policy') policies++;
    };
    const { run, best, cost, finding } = await autoClr(trainable, even, { steps: 600, onEvent });
    expect(policies).toBe(2);
    expect(run!.stopped).toBeUndefined();
    expect(best!.loss).toBeLessThan(0.01);
    expect(cost.training).toBe(41 + run!.steps.length);
    expect(finding.reasons.at(-1)).toMatch(/^The training diverged at .* started again at a quarter/);
  });

  it('gives up on a model that diverges at any rate, and leaves it unchanged', async () => {
    let training = false;
    const trainable = linearTrainable({
      result: (_, honest) => (training ? { loss: Number.NaN } : honest),
    });
    const onEvent = ({ type }: AutoClrEvent) => {
      training ||= type === 'finding';
    };
    const result = await autoClr(trainable, examples, { steps: 600, onEvent });
    expect(result.run!.stopped).toEqual({ step: 1, reason: 'diverged' });
    expect(result.best).toBeUndefined();
    expect(result.cost.training).toBe(4);
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
  });

  it.each([
    ['patience', { patience: 3 }],
    ['average', { average: true }],
    ['ensemble', { ensemble: true }],
  ])('refuses %s without validation', async (_, options) => {
    const trainable = linearTrainable();
    await expect(autoClr(trainable, examples, { steps: 300, ...options })).rejects.toThrow(
      '[clr/core] Expected validation batches, because patience',
    );
    expect(trainable.seen.length).toBe(0);
  });

  it.each([
    ['average', { average: true }, 'average()'],
    ['ensemble', { ensemble: true }, 'predictBatch()'],
  ])('refuses %s if the trainable does not support it', async (_, options, method) => {
    const { average: __, predictBatch: ___, ...cannot } = linearTrainable();
    const all = { steps: 300, validation: examples, ...options };
    await expect(autoClr(cannot, examples, all)).rejects.toThrow(`Expected a Trainable with ${method}`);
  });

  it('chooses the plan that other options need', async () => {
    const planOf = async (options: Options) => (await auto(options)).result.policy?.type;
    expect(await planOf({ reductions: 1 })).toBe('sequence');
    expect(await planOf({ ensemble: true })).toBe('sequence');
    expect(await planOf({ stopAtTrough: { aborted: false } })).toBe('wsd');
    expect(await planOf({ plan: 'decay', stopAtTrough: { aborted: false } })).toBe('decay');
  });

  it('scales a given policy to the peak for this model, and trains it up to its last trough', async () => {
    const plan = triangular2({ baseLr: 1, maxLr: 6, stepSize: 50 });
    const { result } = await auto({ plan, average: true });
    const { policy, run, finding, cost } = result;
    const left = 600 - cost.rangeTest;
    expect(run!.step).toBe(100 * Math.floor(left / 100));
    expect(policy).toEqual(
      peakFor(plan, { finding: { ...finding, suggestion: { ...finding.suggestion!, steps: run!.step } } }),
    );
    expect(result.average!.troughs.length).toBe(run!.troughs.length);
  });

  it('leaves the steps that the first cycle of a custom policy needs', async () => {
    const plan = constant({ lr: 1 });
    const { result } = await auto({ plan });
    expect(result.run!.step).toBe(600 - result.cost.rangeTest);
    const longest = triangular({ baseLr: 0, maxLr: 1, stepSize: 232 });
    expect((await auto({ plan: longest })).result.run!.step).toBe(464);
  });

  it('reports a budget that is too small for a range test', async () => {
    const { result, trainable } = await auto({ steps: 30 });
    expect(result.finding.reasons[0]).toBe(
      'A budget of 30 steps leaves 15 for the range test. Give more steps.',
    );
    expect(result.run).toBeUndefined();
    expect(trainable.state).toEqual({ w: 0, v: 0, updates: 0 });
  });

  const once = decay({ maxLr: 1, steps: 400 });
  it.each<[string, Options, string]>([
    ['a budget of one step', { steps: 1 }, 'Expected steps to be an integer of at least 2'],
    [
      'an unknown plan',
      { plan: 'linear' as never },
      'Expected plan to be "decay" or "cycles" or "wsd" or "fixed"',
    ],
    ['null as the plan', { plan: null as never }, 'Expected plan to be'],
    [
      'a plan that is too long',
      { plan: decay({ maxLr: 1, steps: 600 }) },
      'within the 465 steps that are left for it',
    ],
    ['a function that returns no plan', { plan: (() => 0.1) as never }, 'Expected plan(465) to be'],
    ['patience with a decay', { plan: 'decay', patience: 3 }, "Expected plan to be 'cycles' or 'fixed'"],
    ['reductions with wsd', { plan: 'wsd', reductions: 1 }, "Expected plan to be 'cycles' or 'fixed'"],
    ['an average of one trough', { plan: once, average: true }, 'two troughs or more'],
    ['an ensemble of one trough', { plan: 'decay', ensemble: true }, 'two troughs or more'],
    [
      'patience with a decay as the rival',
      { patience: 3, verdict: ['decay'] },
      "Expected plan to be 'cycles' or 'fixed'",
    ],
    ['an unknown rival', { verdict: ['fast'] as never }, 'Expected verdict[0] to be "decay" or'],
    ['an empty list of rivals', { verdict: [] }, 'Expected verdict to be'],
    ['a plan too long for a trial', { plan: once, verdict: true }, 'within the 345 steps'],
    [
      'a rival too long for a trial',
      { verdict: [triangular({ baseLr: 0, maxLr: 1, stepSize: 40 })] },
      'within the 60 steps',
    ],
    ['trials that are too short', { steps: 90, verdict: true }, 'enough for 2 trials of at least 10 steps'],
    ['too many updates per rate', { updatesPerRate: 9 }, 'Expected updatesPerRate to be at most 6'],
    [
      'an AbortController in place of its signal',
      { stopAtTrough: new AbortController() as never },
      'Expected stopAtTrough to be',
    ],
  ])('refuses %s before anything changes', async (_, options, message) => {
    const trainable = linearTrainable();
    const touched: string[] = [];
    for (const name of ['snapshot', 'evaluate', 'trainStep'] as const) {
      Object.assign(trainable, { [name]: () => touched.push(name) });
    }
    await expect(auto(options, trainable)).rejects.toThrow(message);
    expect(touched).toEqual([]);
  });

  it.each([{ steps: 0 }, { steps: 600, stepsPerEpoch: 0.5 }])('refuses %o', async (options) => {
    const trainable = linearTrainable();
    await expect(auto(options, trainable)).rejects.toThrow(/^\[clr\/core\] Expected steps/);
    expect(trainable.seen.length).toBe(0);
  });
});
