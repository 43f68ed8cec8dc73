/** A library's sweep of the rate. */
export interface Sweep {
  readonly name: SweepName;
  readonly spacing: 'linear' | 'exponential';
  readonly startLr: number;
  readonly endLr: number;
  readonly steps: number;
  /** The rate of each step. */
  readonly lr: (step: number) => number;
}

export type SweepName =
  | 'fastai'
  | 'pytorch-lr-finder'
  | 'lightning'
  | 'clr-100'
  | 'clr-200'
  | 'clr-400'
  | 'linear';

const exponential = (
  name: SweepName,
  startLr: number,
  endLr: number,
  steps: number,
  share: (step: number) => number,
): Sweep => ({
  name,
  spacing: 'exponential',
  startLr,
  endLr,
  steps,
  lr: (step) => startLr * (endLr / startLr) ** share(step),
});

/** The sweep of each library with its defaults. The README names the sources. */
export const sweeps: Readonly<Record<Exclude<SweepName, 'linear'>, Sweep>> = {
  fastai: exponential('fastai', 1e-7, 10, 100, (step) => step / 100),
  // pytorch-lr-finder starts at the optimizer's rate. 1e-7 is the rate in its README.
  'pytorch-lr-finder': exponential('pytorch-lr-finder', 1e-7, 10, 100, (step) => step / 99),
  lightning: exponential('lightning', 1e-8, 1, 100, (step) => (step === 0 ? 0 : (step + 1) / 100)),
  'clr-100': exponential('clr-100', 1e-6, 10, 100, (step) => step / 99),
  'clr-200': exponential('clr-200', 1e-6, 10, 200, (step) => step / 199),
  'clr-400': exponential('clr-400', 1e-6, 10, 400, (step) => step / 399),
};

/** A linear sweep from 0, as in the paper. */
export const linearSweep = (endLr: number): Sweep => ({
  name: 'linear',
  spacing: 'linear',
  startLr: 0,
  endLr,
  steps: 200,
  lr: (step) => (endLr * step) / 199,
});

/** The paper's own procedure: a linear sweep of 300 steps. */
export const paperSweep = (endLr: number): Sweep => ({
  ...linearSweep(endLr),
  steps: 300,
  lr: (step) => (endLr * step) / 299,
});

/**
 * The losses and accuracies of a sweep, step by step. `null` stands for NaN or an infinite loss, at which the sweep
 * ended.
 */
export interface SweepRecord {
  readonly sweep: SweepName;
  /** The end of the linear sweep. */
  readonly endLr?: number;
  /** The seed of the batches' order. */
  readonly order: number;
  readonly loss: readonly (number | null)[];
  readonly accuracy: readonly (number | null)[];
}

/** Rounds a loss to six digits, which is finer than the noise of losses. Returns `null` if it is not finite. */
export const rounded = (value: number, digits = 6): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(digits)) : null;
