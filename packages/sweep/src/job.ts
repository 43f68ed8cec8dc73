import type { Optimizer, PlanName, Policy } from '@clr/core';

/** A value that JSON can represent. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** An LR range test, with the options of core's `rangeTest`. */
export interface RangeTestTask {
  /** Selects a range test. */
  readonly type: 'rangeTest';
  /** The first rate, as in `rangeTest`. */
  readonly startLr?: number;
  /** The last rate, as in `rangeTest`. */
  readonly endLr?: number;
  /** The number of updates, as in `rangeTest`. */
  readonly steps?: number;
  /** The spacing of the rates, as in `rangeTest`. */
  readonly spacing?: 'linear' | 'exponential';
  /** Tries each rate separately, with this number of updates, as in `rangeTest`. */
  readonly updatesPerRate?: number;
  /** Whether to measure the batch sharpness too, as in `rangeTest`. */
  readonly sharpness?: boolean;
}

/** The fields that the tasks `fixed` and `policy` share. */
interface Training {
  /** The number of updates. */
  readonly steps: number;
  /** Further hyperparameters by name, such as `weightDecay`. Each is a number, or a policy whose rate is the value. */
  readonly hyper?: Readonly<Record<string, number | Policy>>;
  /**
   * The number of steps between checkpoints; troughs are saved too. A state with NaN ends the run as diverged when it
   * is saved, so this setting affects the result and is part of the job. Default: a tenth of `steps`.
   */
  readonly checkpointEvery?: number;
}

/** A training at one rate. */
export interface FixedTask extends Training {
  /** Selects a training at a constant rate. */
  readonly type: 'fixed';
  /** The rate. */
  readonly lr: number;
}

/** A training under a policy. */
export interface PolicyTask extends Training {
  /** Selects a training under a policy. */
  readonly type: 'policy';
  /** The policy. */
  readonly policy: Policy;
}

/** A run of core's `autoClr`, with its options. */
export interface AutoClrTask {
  /** Selects `autoClr`. */
  readonly type: 'autoClr';
  /** The whole budget in updates, the range test included. */
  readonly steps: number;
  /** The number of updates in one pass over the data, if known. */
  readonly stepsPerEpoch?: number;
  /** The plan of the training, as in `autoClr`. */
  readonly plan?: PlanName | Policy;
  /** The plans to compare with `plan` before the training, as in `autoClr`. */
  readonly verdict?: boolean | readonly (PlanName | Policy)[];
  /** Tries each rate of the range test separately, with this number of updates, as in `autoClr`. */
  readonly updatesPerRate?: number;
  /** The number of cycles without gain after which the bounds are reduced or the training stops, as in `autoClr`. */
  readonly patience?: number;
  /** The maximum number of reductions of the bounds, as in `autoClr`. */
  readonly reductions?: number;
  /** Whether to try the average of the last troughs, as in `autoClr`. */
  readonly average?: boolean;
  /** Whether to measure the last troughs as one ensemble, as in `autoClr`. */
  readonly ensemble?: boolean;
}

/** The task of a job. */
export type Task = RangeTestTask | FixedTask | PolicyTask | AutoClrTask;

/** One training as plain JSON. Its result depends on nothing else. */
export interface Job {
  /**
   * Its name, which is also used for its files. Default: a hash of all other fields, so that equal jobs have equal ids.
   */
  readonly id: string;
  /** The model, as any JSON that your `open` understands. */
  readonly model: Json;
  /** The data, also as any JSON that your `open` understands. */
  readonly data: Json;
  /**
   * The state of what `model` and `data` name, such as digests of their files, as any JSON. A job with other inputs is
   * another job.
   */
  readonly inputs?: Json;
  /** The optimizer, made by `sgd()`, `adam()` and others. */
  readonly optimizer: Optimizer;
  /** The seed for everything random: initial weights, the order of examples. An integer of at least 0. */
  readonly seed: number;
  /** The task to run. */
  readonly task: Task;
}
