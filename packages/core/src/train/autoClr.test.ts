import { describe, expect, it } from 'vitest';
import { examples, type LinearTrainable, linearTrainable } from '../../test/linearTrainable.ts';
import { type AutoClrEvent, type AutoClrOptions, autoClr } from './autoClr.ts';

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
    expect(result.policy?.type).toBe('triangular');
    const { troughs, step } = result.run!;
    expect(troughs.length).toBeGreaterThanOrEqual(3);
    expect(troughs[troughs.length - 1]?.step).toBe(step);
    expect(step).toBeGreaterThan(580);
    const stepSize = result.policy?.type === 'triangular' ? result.policy.stepSize : 0;
    expect(stepSize / 7).toBeGreaterThanOrEqual(2);
    expect(stepSize / 7).toBeLessThanOrEqual(10);
  });

  it('judges a fixed rate against CLR from the same state on the same batches', async () => {
    const trainable = linearTrainable();
    const { result } = await auto({ steps: 600 }, trainable);
    const { verdict } = result;
    expect(verdict!.steps).toBe(60);
    expect(verdict!.margin).toBeCloseTo(Math.abs(verdict!.clr.loss - verdict!.fixed.loss), 12);
    const sweep = result.trace.points.length;
    const batchesOf = (from: number) => trainable.seen.slice(from, from + 60).map(({ batch }) => batch);
    expect(batchesOf(sweep)).toEqual(batchesOf(sweep + 60));
    const rates = trainable.seen.slice(sweep, sweep + 60).map(({ hyper }) => hyper.lr);
    expect(new Set(rates)).toEqual(new Set([result.finding.suggestion!.fixedLr]));
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

  it.each([{ steps: 0 }, { steps: 600, stepsPerEpoch: 0.5 }])('refuses %o', async (options) => {
    const trainable = linearTrainable();
    await expect(auto(options, trainable)).rejects.toThrow(/^\[clr\/core\] Expected steps/);
    expect(trainable.seen.length).toBe(0);
  });
});
