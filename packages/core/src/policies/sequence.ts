import { PolicyError } from '../errors.ts';
import { join, list, object, optional, stepCount } from '../fields.ts';
import type { Policy } from '../policy.ts';
import { type CustomSchedule, endless } from '../schedule.ts';
import { kindOf, makePolicy, type PolicyKind, register } from './policyKind.ts';
import { readPolicy } from './readPolicy.ts';

/** One stage of a {@link sequence}: a policy that starts at its own step 0. */
export interface Stage {
  /** The policy of this stage. It counts its steps from 0. */
  readonly policy: Policy;
  /** The length in steps. Only the last stage may omit it. That stage then lasts forever. */
  readonly steps?: number;
}

/** A {@link sequence} as plain JSON. */
export interface SequencePolicy {
  /** Names the policy in plain data. */
  readonly type: 'sequence';
  /** The stages, in order. */
  readonly stages: readonly Stage[];
}

const stage = object({
  policy: (value, path) => readPolicy(value, path),
  steps: optional(stepCount),
});

/** @internal */
export const sequenceKind: PolicyKind<SequencePolicy> = register<SequencePolicy>({
  type: 'sequence',
  fields: { stages: list(stage) },
  check({ stages }, path) {
    const open = stages.slice(0, -1).findIndex((stage) => stage.steps === undefined);
    if (open >= 0) {
      throw new PolicyError(
        join(path, `stages[${open}].steps`),
        undefined,
        'a positive integer',
        'Only the last stage may omit its steps.',
      );
    }
    const total = stages.reduce((sum, { steps = 0 }) => sum + steps, 0);
    if (total > Number.MAX_SAFE_INTEGER) {
      const field = join(path, 'stages');
      throw new PolicyError(field, total, 'together no longer than 2^53 steps', 'Shorten the stages.');
    }
  },
  schedule: sequenceSchedule,
});

interface StageRange {
  readonly schedule: CustomSchedule;
  /** The first step of the stage, and the first step after the stage. */
  readonly start: number;
  readonly end: number;
  /** The number of cycles before the stage. */
  readonly cycles: number;
}

function sequenceSchedule({ stages }: SequencePolicy): CustomSchedule {
  const spans: StageRange[] = [];
  let [start, cycles] = [0, 0];
  for (const { policy, steps = Infinity } of stages) {
    const schedule = kindOf(policy.type).schedule(policy);
    spans.push({ schedule, start, end: start + steps, cycles });
    if (steps < Infinity) cycles += (schedule.position?.(steps - 1).cycle ?? 0) + 1;
    start += steps;
  }
  let current = spans[0]!;
  const ends = Float64Array.from(spans, ({ end }) => end);
  /** Finds the stage of a step, and keeps it, because the next step is nearly always in the same stage. */
  const spanOf = (step: number): StageRange => {
    if (step >= current.start && step < current.end) return current;
    let [low, high] = [0, spans.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (step < ends[middle]!) high = middle;
      else low = middle + 1;
    }
    current = spans[low]!;
    return current;
  };
  return {
    lr(step) {
      const { schedule, start } = spanOf(step);
      return schedule.lr(step - start);
    },
    momentum(step) {
      const { schedule, start } = spanOf(step);
      return schedule.momentum?.(step - start);
    },
    position(step) {
      const span = spanOf(step);
      if (step >= span.end) return { cycle: cycles, phase: 0, cycleEnd: Infinity };
      const { cycle, phase, cycleEnd } = span.schedule.position?.(step - span.start) ?? endless;
      return { cycle: span.cycles + cycle, phase, cycleEnd: Math.min(span.start + cycleEnd, span.end) };
    },
  };
}

/**
 * Policies one after another, each from its own step 0, as in the main experiment of Smith's paper. The end of a
 * stage ends its cycle. If the last stage has `steps`, its rates continue after its end, and no further cycle ends.
 *
 * @throws {PolicyError} naming the stage, if a policy is invalid or a stage other than the last has no `steps`
 * @see Smith, arXiv 1506.01186, table 2
 *
 * @example
 * ```ts
 * const { lr } = toSchedule(
 *   sequence([
 *     { policy: triangular2({ baseLr: 0.001, maxLr: 0.005, stepSize: 2000 }), steps: 16000 },
 *     { policy: triangular2({ baseLr: 0.0001, maxLr: 0.0005, stepSize: 1000 }), steps: 6000 },
 *     { policy: triangular2({ baseLr: 0.00001, maxLr: 0.00005, stepSize: 500 }) },
 *   ]),
 * );
 * lr(17000); // 0.0005
 * ```
 */
export function sequence(stages: readonly Stage[]): SequencePolicy {
  return makePolicy(sequenceKind, { stages });
}
