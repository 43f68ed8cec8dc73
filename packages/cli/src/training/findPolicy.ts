import {
  autoClr,
  decay,
  type Policy,
  type RangeTestFinding,
  type RangeTestTrace,
  type Trainable,
} from '@clr/core';
import type { Batch } from '@clr/onnx';
import type { Progress } from './progress.ts';
import type { SetUp } from './setUp.ts';

/** The policy and the state with which a training starts, and the range test that found the policy. */
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

/** The result of a range test without a suggestion. */
type Refused = Required<Pick<Start, 'finding' | 'trace'>>;

/**
 * Finds the rates. If the first range test gives no suggestion and the data are a table with few rows, a second range
 * test measures each rate on all rows.
 */
export async function findPolicy(
  set: SetUp,
  plan: PlanName,
  progress: Progress,
  signal: AbortSignal,
): Promise<Start | Refused> {
  const found = await findOn(set.trainer, set, plan, progress, signal);
  if ('policy' in found || !set.steady || signal.aborted) return found;
  return findOn(set.steady, set, plan, progress, signal);
}

/**
 * Finds the rates with `autoClr`, and aborts it before its training begins. The caller trains with `train` instead,
 * because it also trains at a given rate. A range test that was interrupted starts over, and gives the same bits.
 */
async function findOn(
  trainable: Trainable<Batch>,
  { trainer, batches, validation, steps, stepsPerEpoch }: SetUp,
  plan: PlanName,
  progress: Progress,
  signal: AbortSignal,
): Promise<Start | Refused> {
  const found = new AbortController();
  const stop = AbortSignal.any([signal, found.signal]);
  let start: Start | undefined;
  let tried = 0;
  // The usual number of updates of the range test of `autoClr`: 8 % of `steps`, but at least 135 and at most 600, and
  // never more than half of `steps`.
  progress.start(
    'range test',
    Math.min(Math.ceil(steps / 2), Math.max(135, Math.min(600, Math.ceil(0.08 * steps)))),
  );
  const { trace, finding } = await autoClr(trainable, batches(), {
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

/** The policy for a given rate: a short warm-up, then a linear decay to 0. */
export async function givenRate({ trainer, steps }: SetUp, lr: number): Promise<Start> {
  return { policy: decay({ maxLr: lr, steps }), steps, snapshot: await trainer.snapshot() };
}

/** Multiplies all rates of a policy. */
export function scaled(policy: Policy, factor: number): Policy {
  const scale = (value: unknown, name: string): unknown => {
    if (typeof value === 'number') return /(^lr|Lr)$/.test(name) ? factor * value : value;
    if (Array.isArray(value)) return value.map((each) => scale(each, name === 'values' ? 'lr' : name));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, scale(each, key)]));
  };
  return scale(policy, '') as Policy;
}
