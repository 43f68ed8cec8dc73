/** The position of a step in the cycles. */
export interface CyclePosition {
  /** The number of the step's cycle, from 0. */
  readonly cycle: number;
  /** The position of the step in that cycle, in [0, 1). */
  readonly phase: number;
  /** The next trough: the step at which this cycle ends. `Infinity` if it never ends. */
  readonly cycleEnd: number;
}

/** The position of every step of a schedule without cycles, which counts as one endless cycle. */
export const endless: CyclePosition = { cycle: 0, phase: 0, cycleEnd: Infinity };

/** All values of a schedule at one step. */
export interface ScheduleState extends CyclePosition {
  /** The learning rate of the step. */
  readonly lr: number;
  /** The momentum of the step, if the policy cycles it. */
  readonly momentum?: number | undefined;
}

/**
 * The pure functions of a policy. A step is the number of updates applied before it: an integer from 0. The functions
 * have no state, so steps may come in any order.
 */
export interface Schedule {
  /** The learning rate of a step. */
  lr(step: number): number;
  /** The momentum of a step. It is `undefined` if the policy does not change it. */
  momentum(step: number): number | undefined;
  /** All values at once. */
  at(step: number): ScheduleState;
}

/**
 * A custom schedule: at least a rate for every step. Without a `position` the whole training is one endless cycle.
 */
export interface CustomSchedule {
  /** The rate of the update after `step` updates: a finite number of at least 0. */
  lr(step: number): number;
  /** The momentum of that update. Leave it out, or return `undefined`, to keep the optimizer's own. */
  momentum?(step: number): number | undefined;
  /** The cycle of the step and its place in it. Leave it out for a schedule without cycles. */
  position?(step: number): CyclePosition;
}
