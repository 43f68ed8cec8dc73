/** Where a step stands among the cycles. */
export interface CyclePosition {
  /** The cycle that the step is in, from 0. */
  readonly cycle: number;
  /** Where in that cycle the step is, in [0, 1). */
  readonly phase: number;
  /** The next trough: the step at which this cycle ends; `Infinity` when it never does. */
  readonly cycleEnd: number;
}

/** The position of every step of a schedule without cycles: in one cycle that never ends. */
export const endless: CyclePosition = { cycle: 0, phase: 0, cycleEnd: Infinity };

/** Everything a schedule says about one step. */
export interface ScheduleState extends CyclePosition {
  /** The learning rate of the step. */
  readonly lr: number;
  /** The momentum of the step, when the policy cycles it. */
  readonly momentum?: number | undefined;
}

/**
 * The pure functions that a policy means. A step is the number of updates applied before it: an integer
 * from 0. Nothing here is stateful, so any step may be asked for in any order.
 */
export interface Schedule {
  /** The learning rate of a step. */
  lr(step: number): number;
  /** The momentum of a step; `undefined` when the policy leaves momentum alone. */
  momentum(step: number): number | undefined;
  /** All of it at once. */
  at(step: number): ScheduleState;
}

/**
 * A schedule of your own: at the least a rate for every step. Without a `position` all of training is one
 * cycle that never ends.
 */
export interface CustomSchedule {
  lr(step: number): number;
  momentum?(step: number): number | undefined;
  position?(step: number): CyclePosition;
}
