import { kindOf, readPolicy } from './policies/kind.ts';
import type { CustomSchedule, CyclePosition, Schedule, ScheduleLike } from './schedule.ts';

/**
 * The schedule that a policy means: pure functions of the step number. Takes a schedule of your own too, or
 * just a function from step to rate, and fills in what it lacks.
 *
 * A bundle holds only the kinds of policy whose factories it imports; read data from elsewhere with
 * `parsePolicy`, which brings them all.
 *
 * @throws {PolicyError} if the policy is not a legal one
 *
 * @example
 * ```ts
 * const schedule = toSchedule(triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 }));
 * schedule.at(5000); // { lr: 0.0035, cycle: 1, phase: 0.25, cycleEnd: 8000 }
 * toSchedule((step) => 0.1 / (step + 1)).lr(9); // 0.01
 * ```
 */
export function toSchedule(source: ScheduleLike): Schedule {
  const custom = (typeof source === 'function' ? { lr: source } : source) as CustomSchedule;
  // A constant policy has a field `lr` too: a number.
  if (typeof custom?.lr === 'function') {
    if ('at' in custom) return custom as Schedule;
    // It may have a `this`.
    return complete({
      lr: (step) => custom.lr(step),
      momentum: (step) => custom.momentum?.(step),
      position: (step) => custom.position?.(step),
    });
  }
  const policy = readPolicy(source);
  return complete(kindOf(policy.type).schedule(policy));
}

function complete({ lr, momentum = () => undefined, position }: Functions): Schedule {
  return {
    lr,
    momentum,
    at: (step) => ({
      lr: lr(step),
      momentum: momentum(step),
      ...(position?.(step) ?? { cycle: 0, phase: 0, cycleEnd: Infinity }),
    }),
  };
}

/** A custom schedule's functions, free of its `this`. */
interface Functions extends Omit<CustomSchedule, 'position'> {
  readonly position?: (step: number) => CyclePosition | undefined;
}
