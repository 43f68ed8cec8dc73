import { PolicyError } from '../errors.ts';
import { decay } from '../policies/decay.ts';
import { readPolicy } from '../policies/readPolicy.ts';
import { wsd } from '../policies/wsd.ts';
import type { Policy } from '../policy.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { peakFor } from '../rangeTest/peakFor.ts';
import { toSchedule } from '../toSchedule.ts';
import { countCycles, planCycles } from './planCycles.ts';

/**
 * The named plans. Each ends at a trough.
 *
 * - `'decay'`: a short warm-up, then a fall from `maxLr` to 0 along REX, which stays high for longer than a line. The
 *   end is the only trough. This plan is the best for a fixed budget.
 * - `'cycles'`: the paper's cycles between `baseLr` and `maxLr`, as {@link planCycles} makes them.
 * - `'wsd'`: five or more cycles, each with a stable rate and then a cooldown to 0. This plan suits a run that may be
 *   stopped or extended.
 * - `'fixed'`: `fixedLr`, and a tenth of it in the last fifth of the steps. This is the paper's baseline.
 */
export type PlanName = 'decay' | 'cycles' | 'wsd' | 'fixed';

/**
 * The plan of an `autoClr` run: a name, or a policy of your own. All rates of such a policy are multiplied by one
 * number, so that its peak fits the model (see `peakFor`). The policy ends at its last trough within the rest of the
 * budget. A function makes a policy for the number of steps that are left.
 */
export type Plan = PlanName | Policy | ((steps: number) => Policy);

/** A policy, and the number of steps after which it ends at a trough. */
export interface TrainingPlan {
  readonly policy: Policy;
  readonly steps: number;
}

/**
 * The plan for a number of steps, with the rates that a range test suggests.
 *
 * @param warmup - the warm-up's share of the steps of a decay; default: the default of `decay`
 */
export function makePlan(
  plan: Plan,
  finding: RangeTestFinding,
  steps: number,
  stepsPerEpoch?: number,
  warmup?: number,
): TrainingPlan {
  const suggestion = finding.suggestion!;
  const { baseLr, maxLr, fixedLr } = suggestion;
  if (plan === 'cycles') return planCycles({ baseLr, maxLr, steps, stepsPerEpoch });
  if (plan === 'fixed') return planCycles({ baseLr: fixedLr, maxLr: fixedLr, steps, stepsPerEpoch });
  // `peakFor` would give REX a peak of 0.81 × `maxLr`. Runs of 1,000 steps are better from `maxLr` itself (decision 21).
  if (plan === 'decay')
    return { policy: decay({ maxLr, steps, shape: 'rex', ...(warmup && { warmup }) }), steps };
  const shape = shapeOf(plan, steps, stepsPerEpoch);
  // A policy without cycles may end anywhere.
  const length = troughsWithin(shape, steps).at(-1) ?? steps;
  const source = { finding: { ...finding, suggestion: { ...suggestion, steps: length } } };
  return { policy: peakFor(shape, source), steps: length };
}

/** The policy of a plan before its peak is set. Refuses a policy whose first cycle does not end within the steps. */
function shapeOf(
  plan: Exclude<Plan, 'cycles' | 'fixed' | 'decay'>,
  steps: number,
  stepsPerEpoch?: number,
): Policy {
  if (plan === 'wsd') {
    const cycles = Math.min(steps, countCycles(steps, stepsPerEpoch));
    return wsd({ maxLr: 1, steps: Math.floor(steps / cycles), cycles });
  }
  const [shape, path] = typeof plan === 'function' ? [plan(steps), `plan(${steps})`] : [plan, 'plan'];
  const policy = readPolicy(shape, path);
  const { cycleEnd } = toSchedule(policy).at(0);
  if (cycleEnd > steps && cycleEnd < Infinity) {
    const expected = `a policy whose first cycle ends within the ${steps} steps that are left for it`;
    const advice = `The cycle ends at step ${cycleEnd}. Give more steps, or a function of the steps that are left.`;
    throw new PolicyError(path, shape, expected, advice);
  }
  return policy;
}

/** The steps, up to `steps`, at which a cycle of a policy ends. */
export function troughsWithin(policy: Policy, steps: number): number[] {
  const { at } = toSchedule(policy);
  const troughs: number[] = [];
  for (let end = at(0).cycleEnd; end <= steps; end = at(end).cycleEnd) troughs.push(end);
  return troughs;
}
