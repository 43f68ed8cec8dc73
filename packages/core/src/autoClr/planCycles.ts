import { checkOptionNames } from '../checkOptionNames.ts';
import { stepCount } from '../fields.ts';
import { type SequencePolicy, sequence } from '../policies/sequence.ts';
import { type TriangularPolicy, triangular } from '../policies/triangular.ts';

/** Options of {@link planCycles}. */
export interface PlanCyclesOptions {
  /** The lower bound, as a range test suggests it. */
  readonly baseLr: number;
  /** The upper bound, as a range test suggests it. */
  readonly maxLr: number;
  /** The budget, in steps. */
  readonly steps: number;
  /** The number of steps in one pass over the training data, if known. */
  readonly stepsPerEpoch?: number | undefined;
}

/** A policy, and the number of steps after which it ends at a trough. */
export interface CyclePlan {
  /** Two stages: the cycles between the bounds, then the cycles between a tenth of the bounds. */
  readonly policy: SequencePolicy;
  /** The number of updates up to the last trough; at most the budget. */
  readonly steps: number;
}

/** The number of cycles, at least five. If the length of an epoch is known, half a cycle takes about four epochs. */
export const countCycles = (steps: number, stepsPerEpoch: number = steps): number =>
  Math.max(5, Math.round(steps / (8 * stepsPerEpoch)));

/** The same cycles with bounds divided by ten. */
const reduced = (policy: TriangularPolicy): TriangularPolicy =>
  triangular({ ...policy, baseLr: policy.baseLr / 10, maxLr: policy.maxLr / 10 });

/**
 * Makes a policy from the paper's advice: at least four cycles, then cycles with the bounds divided by ten for the last
 * fifth of the steps. `stepSize` is near four epochs, and between two and ten epochs if the budget allows. The policy
 * ends at a trough, unless the budget is a single step. It leaves fewer than two steps per cycle of the budget unused.
 *
 * @throws {PolicyError} if a bound is bad or a count is not a positive integer
 * @see Smith, arXiv 1506.01186, section 3.2 and table 2
 *
 * @example
 * ```ts
 * const { policy, steps } = planCycles({ baseLr: 0.01, maxLr: 0.06, steps: 5004 });
 * steps; // 5000
 * toSchedule(policy).lr(500); // 0.06
 * toSchedule(policy).lr(4500); // 0.006
 * ```
 */
export function planCycles(options: PlanCyclesOptions): CyclePlan {
  const names = ['baseLr', 'maxLr', 'steps', 'stepsPerEpoch'] as const;
  const { baseLr, maxLr, steps, stepsPerEpoch } = checkOptionNames('clr/core', 'planCycles', options, names);
  stepCount(steps, 'steps');
  if (stepsPerEpoch !== undefined) stepCount(stepsPerEpoch, 'stepsPerEpoch');
  const cycles = countCycles(steps, stepsPerEpoch);
  const stepSize = Math.max(1, Math.floor(steps / (2 * cycles)));
  const policy = triangular({ baseLr, maxLr, stepSize });
  const fitting = Math.floor(steps / (2 * stepSize));
  const high = 2 * stepSize * (cycles - Math.round(cycles / 5));
  return {
    policy: sequence([{ policy, steps: high }, { policy: reduced(policy) }]),
    steps: fitting > 0 ? 2 * stepSize * Math.min(cycles, fitting) : steps,
  };
}

/** The steps at which a plan reduces the bounds. */
export function reductionsOf({ stages }: SequencePolicy): number[] {
  const steps: number[] = [];
  for (const stage of stages) steps.push((steps.at(-1) ?? 0) + (stage.steps ?? Infinity));
  return steps.slice(0, -1);
}

/** The plan up to a trough, followed by its current stage with the bounds divided by ten. */
export function reduceAt(plan: SequencePolicy, trough: number): SequencePolicy {
  const starts = [0, ...reductionsOf(plan)].filter((start) => start <= trough);
  const before = plan.stages.slice(0, starts.length - 1);
  const policy = plan.stages[before.length]!.policy as TriangularPolicy;
  const steps = trough - starts[before.length]!;
  return sequence([...before, { policy, steps }, { policy: reduced(policy) }]);
}
