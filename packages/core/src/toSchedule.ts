import { PolicyError } from './errors.ts';
import { decay, fieldsOf, integer, nonNegative, number, optional, pickFields, type Read } from './fields.ts';
import { kindOf } from './policies/policyKind.ts';
import { readPolicy } from './policies/readPolicy.ts';
import type { Policy } from './policy.ts';
import { type CustomSchedule, type CyclePosition, endless, type Schedule } from './schedule.ts';

/** Anything that clr accepts as a schedule: plain data, functions, or just the function of the rate. */
export type ScheduleLike = Policy | Schedule | CustomSchedule | ((step: number) => number);

/** Schedules made by this module, which need no second check. */
const made = new WeakSet<object>();

/**
 * The schedule of a policy, as pure functions of the step number. Also takes your own schedule, or just a function
 * from step to rate. It then adds the missing functions and checks every value that yours returns.
 *
 * A bundle holds only the kinds of policy whose factories it imports. For data from elsewhere use `parsePolicy`, which
 * includes all kinds.
 *
 * @throws {PolicyError} if the policy is invalid; from the schedule, if a step is not an integer of at least 0, or if
 * your own schedule returns an invalid rate, momentum or cycle
 *
 * @example
 * ```ts
 * const schedule = toSchedule(triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 }));
 * schedule.at(5000); // { lr: 0.0035, cycle: 1, phase: 0.25, cycleEnd: 8000 }
 * toSchedule((step) => 0.1 / (step + 1)).lr(9); // 0.01
 * ```
 */
export function toSchedule(source: ScheduleLike): Schedule {
  const custom = customOf(source);
  if (!custom) {
    const policy = readPolicy(source);
    return complete(kindOf(policy.type).schedule(policy));
  }
  return made.has(custom) ? (custom as Schedule) : complete(checked(custom));
}

/** The source as a frozen policy. It is undefined for a custom schedule. `path` names it in errors. */
export const policyOf = (source: ScheduleLike, path = ''): Policy | undefined =>
  customOf(source) ? undefined : readPolicy(source, path);

function customOf(source: ScheduleLike): CustomSchedule | Schedule | undefined {
  if (typeof source === 'function') return { lr: source };
  // A constant policy has a field `lr` too: a number.
  const custom = source as CustomSchedule | undefined;
  return typeof custom?.lr === 'function' ? custom : undefined;
}

function complete({ lr, momentum = () => undefined, position = () => endless }: CustomSchedule): Schedule {
  const schedule: Schedule = {
    lr: (step) => lr(checkStep(step)),
    momentum: (step) => momentum(checkStep(step)),
    at: (step) => ({ lr: lr(checkStep(step)), momentum: momentum(step), ...position(step) }),
  };
  made.add(schedule);
  return schedule;
}

function checkStep(step: number): number {
  if (Number.isSafeInteger(step) && step >= 0) return step;
  throw new PolicyError(
    'step',
    step,
    'an integer of at least 0',
    'A step is the number of updates before it.',
  );
}

/** Wraps a custom schedule and checks every value that it returns. Its methods may use `this`. */
function checked(custom: CustomSchedule | Schedule): CustomSchedule {
  const [name, position] = 'at' in custom ? ['at', custom.at] : ['position', custom.position];
  return {
    lr: (step) => nonNegative(custom.lr(step), `lr(${step})`) as number,
    momentum: (step) => ownMomentum(custom.momentum?.(step), `momentum(${step})`) as number | undefined,
    ...(position && {
      position: (step) => readPosition(position.call(custom, step), step, `${name}(${step})`),
    }),
  };
}

const ownMomentum = optional(decay);
const cycle = integer(0);
const phase = number((value) => value >= 0 && value < 1, 'in [0, 1)');

/** Checks the cycle that a schedule reports at a step. A cycle that has already ended would cause an endless loop. */
function readPosition(value: unknown, step: number, path: string): CyclePosition {
  const cycleEnd: Read = (end, at) => {
    if (end === Infinity || (Number.isSafeInteger(end) && (end as number) > step)) return end;
    throw new PolicyError(
      at,
      end,
      `an integer above ${step}, or Infinity`,
      'Name the step of the next trough.',
    );
  };
  const source = fieldsOf(value, path, 'an object with cycle, phase and cycleEnd');
  return pickFields(source, { cycle, phase, cycleEnd }, path) as unknown as CyclePosition;
}
