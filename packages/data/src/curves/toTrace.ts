import { type LossSmoothing, parseTrace, type RangeTestTrace } from '@clr/core';
import { fail } from '../errors.ts';
import type { Column } from './curve.ts';

/** The fewest points that make a curve. */
const least = 5;

/** Makes a trace of the steps that have both a rate and a loss. */
export function toTrace(lr: Column, loss: Column, smoothing: LossSmoothing, name: string): RangeTestTrace {
  const rates = new Map(lr.steps.map((step, i) => [step, lr.values[i] ?? null]));
  refuseRepeats(lr, name);
  refuseRepeats(loss, name);
  const points = loss.steps.flatMap((step, i) => {
    const rate = rates.get(step);
    return rate === undefined ? [] : [{ step, lr: rate, loss: loss.values[i] ?? null }];
  });
  points.sort((a, b) => a.step - b.step);
  if (points.length < least) {
    throw fail(
      `at least ${least} steps of ${name} with both "${lr.name}" and "${loss.name}"`,
      `${points.length}; ${lr.values.length} rates and ${loss.values.length} losses`,
      'Log the rate and the loss at every step of the range test.',
    );
  }
  const odd = points.find((point) => point.lr === null || !(point.lr >= 0));
  if (odd) {
    throw fail(
      `learning rates of at least 0 in "${lr.name}" of ${name}`,
      `${odd.lr === null ? 'NaN' : odd.lr} at step ${odd.step}`,
      'Check which column is the rate: --lr NAME, or the option lr.',
    );
  }
  const steps = points as { step: number; lr: number; loss: number | null }[];
  const fall = steps.findIndex((point, i) => i > 0 && point.lr < steps[i - 1]!.lr);
  const [first, last] = [steps[0]!, steps.at(-1)!];
  if (fall > 0 || first.lr === last.lr) {
    throw fail(
      `rates in "${lr.name}" of ${name} that rise, as in a range test`,
      fall > 0
        ? `${steps[fall]!.lr} at step ${steps[fall]!.step}, after ${steps[fall - 1]!.lr}`
        : `${first.lr} at every step`,
      'Give the record of a range test. An ordinary training run says nothing about other rates.',
    );
  }
  const whole = steps.every(({ step }) => Number.isSafeInteger(step) && step >= 0);
  const trace = {
    version: 1,
    spacing: spacingOf(steps.map((point) => point.lr)),
    startLr: first.lr,
    endLr: last.lr,
    points: whole ? steps : steps.map((point, step) => ({ ...point, step })),
    ...(smoothing !== 'none' && { smoothing }),
  };
  return parseTrace(trace, name);
}

function refuseRepeats({ name: column, steps }: Column, name: string): void {
  const seen = new Set<number>();
  for (const step of steps) {
    if (seen.has(step)) {
      throw fail(
        `one value of "${column}" at each step of ${name}`,
        `two at step ${step}`,
        'Export one run at a time.',
      );
    }
    seen.add(step);
  }
}

/** Decides whether the rates are closer to a straight line or to an exponential curve. */
function spacingOf(rates: readonly number[]): 'linear' | 'exponential' {
  if ((rates[0] as number) === 0) return 'linear';
  const bend = (of: (rate: number) => number): number => {
    const [from, to] = [of(rates[0] as number), of(rates.at(-1) as number)];
    const worst = rates.map((rate, i) => {
      const line = from + ((to - from) * i) / (rates.length - 1);
      return Math.abs(of(rate) - line);
    });
    return Math.max(...worst) / (to - from);
  };
  return bend((rate) => rate) < bend(Math.log) ? 'linear' : 'exponential';
}
