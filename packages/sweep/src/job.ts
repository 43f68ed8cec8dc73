import type { Optimizer, PlanName, Policy } from '@clr/core';

/** What JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** An LR range test, with the options of core's `rangeTest`. */
export interface RangeTestTask {
  readonly type: 'rangeTest';
  readonly startLr?: number;
  readonly endLr?: number;
  readonly steps?: number;
  readonly spacing?: 'linear' | 'exponential';
  readonly updatesPerRate?: number;
  readonly sharpness?: boolean;
}

/** What both kinds of a plain training have. */
interface Training {
  /** How many updates it takes. */
  readonly steps: number;
  /** Further hyperparameters by name, such as `weightDecay`: a number, or a policy whose rate is the value. */
  readonly hyper?: Readonly<Record<string, number | Policy>>;
  /**
   * After how many steps it is saved, besides its troughs. A state with NaN counts as divergence where it is saved, so
   * this is part of the job. Default: a tenth of `steps`.
   */
  readonly checkpointEvery?: number;
}

/** A training at one rate. */
export interface FixedTask extends Training {
  readonly type: 'fixed';
  readonly lr: number;
}

/** A training under a policy. */
export interface PolicyTask extends Training {
  readonly type: 'policy';
  readonly policy: Policy;
}

/** A run of core's `autoClr`, with its options. */
export interface AutoClrTask {
  readonly type: 'autoClr';
  readonly steps: number;
  readonly stepsPerEpoch?: number;
  readonly plan?: PlanName | Policy;
  readonly verdict?: boolean | readonly (PlanName | Policy)[];
  readonly updatesPerRate?: number;
  readonly patience?: number;
  readonly reductions?: number;
  readonly average?: boolean;
  readonly ensemble?: boolean;
}

/** What a job does. */
export type Task = RangeTestTask | FixedTask | PolicyTask | AutoClrTask;

/** One training as plain JSON. Its result depends on nothing else. */
export interface Job {
  /** Its name, also of its files. Default: a hash of all the rest, so that equal jobs have equal ids. */
  readonly id: string;
  /** The model, in words or data that your `open` understands. */
  readonly model: Json;
  /** The data, likewise. */
  readonly data: Json;
  readonly optimizer: Optimizer;
  /** For all that is drawn: initial weights, the order of examples. An integer of at least 0. */
  readonly seed: number;
  readonly task: Task;
}
