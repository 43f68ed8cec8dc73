import { autoClr, decay, type Policy, type RangeTestFinding, type RangeTestTrace } from '@clr/core';
import type { Progress } from './progress.ts';
import type { SetUp } from './setUp.ts';

/** What a training begins with. */
export interface Start {
  readonly policy: Policy;
  readonly steps: number;
  readonly snapshot: object;
  readonly trace?: RangeTestTrace;
  readonly finding?: RangeTestFinding;
}

/** The plans that `--plan` names. */
export const plans = ['decay', 'cycles', 'wsd', 'fixed'] as const;
export type PlanName = (typeof plans)[number];

/**
 * Finds the rates by `autoClr`, and stops it where it would begin to train: the training itself can be resumed, and a range
 * test that was interrupted begins again with the same bits.
 */
export async function findPolicy(
  { trainer, batches, validation, steps, stepsPerEpoch }: SetUp,
  plan: PlanName,
  progress: Progress,
  signal: AbortSignal,
): Promise<Start | { readonly finding: RangeTestFinding; readonly trace: RangeTestTrace }> {
  const found = new AbortController();
  const stop = AbortSignal.any([signal, found.signal]);
  let start: Start | undefined;
  let tried = 0;
  // What autoClr spends on it, as a rule.
  progress.start(
    'range test',
    Math.min(Math.ceil(steps / 2), Math.max(135, Math.min(600, Math.ceil(0.08 * steps)))),
  );
  const { trace, finding } = await autoClr(trainer, batches(), {
    ...{ steps, stepsPerEpoch, validation, plan, signal: stop },
    async onEvent(event) {
      if (event.type === 'sweep') progress.update(++tried, `rate ${event.point.lr.toPrecision(2)}`);
      if (event.type !== 'policy' || start) return;
      start = { policy: event.policy, steps: event.steps, snapshot: await trainer.snapshot() };
      found.abort();
    },
  });
  return start ? { ...start, trace, finding } : { trace, finding };
}

/** A rate that is given: a short warm-up, then a line down to 0. */
export async function givenRate({ trainer, steps }: SetUp, lr: number): Promise<Start> {
  return { policy: decay({ maxLr: lr, steps }), steps, snapshot: await trainer.snapshot() };
}

/** The same policy with all its rates multiplied. */
export function scaled(policy: Policy, factor: number): Policy {
  const scale = (value: unknown, name: string): unknown => {
    if (typeof value === 'number') return /(^lr|Lr)$/.test(name) ? factor * value : value;
    if (Array.isArray(value)) return value.map((each) => scale(each, name === 'values' ? 'lr' : name));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, scale(each, key)]));
  };
  return scale(policy, '') as Policy;
}
