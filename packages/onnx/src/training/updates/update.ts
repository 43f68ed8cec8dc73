import type { Ops } from '../../graph/ops.ts';

/** The scalars of one step, as values of the graph. */
export interface Hyper {
  /** float32. */
  readonly lr: string;
  /** float32: momentum, or β₁. */
  readonly momentum: string;
  /** int64: the number of updates applied before this one. */
  readonly step: string;
  /** float32: the weight decay, if steps may set it. Otherwise the optimizer's own is a constant of the graph. */
  readonly weightDecay?: string | undefined;
}

/** The vectors that an update reads and writes besides the weights, by slot name. */
export type Slots = Readonly<Record<string, string>>;

/** The vectors of one bucket. */
export interface UpdateInput {
  readonly weights: string;
  readonly gradient: string;
  readonly slots: Slots;
  readonly lrScale: number;
  readonly weightDecayScale: number;
}

export interface UpdateOutput {
  readonly weights: string;
  readonly slots: Slots;
}

/** An optimizer's update as a graph: its slots with their initial values, and its arithmetic. */
export interface Update {
  readonly slots: Readonly<Record<string, number>>;
  readonly usesMomentum: boolean;
  readonly usesStep: boolean;
  readonly emit: (b: Ops, hyper: Hyper, input: UpdateInput) => UpdateOutput;
}
