import { PolicyError } from '../errors.ts';
import { decay, oneOf, optional, type Read, readFields } from '../fields.ts';

/**
 * The smoothing of stored losses: a running mean, `m_t = beta · m_{t−1} + (1 − beta) · loss_t`. It starts with the
 * first loss. With `debias` it starts at 0 and is divided by `1 − beta^(t+1)`. `'fastai'` has a `beta` of 0.98 and
 * `debias`. `'lightning'` is the same mean, but divided by `1 − beta^(t+2)`. `'lr-finder'` (pytorch-lr-finder,
 * Ignite) has a `beta` of 0.95. `'none'` means raw losses.
 */
export type LossSmoothing =
  | 'none'
  | 'fastai'
  | 'lightning'
  | 'lr-finder'
  | {
      /** The share of the previous mean, in [0, 1): mean ← beta · mean + (1 − beta) · loss. */
      readonly beta: number;
      /** Whether the mean started at 0 and was divided by 1 − beta^(t+1), as in Adam. Default false. */
      readonly debias?: boolean;
    };

/**
 * The running mean that a name stands for. Its debiasing uses the divisor of the step that comes `ahead` steps later.
 */
interface RunningMean {
  readonly beta: number;
  readonly debias?: boolean;
  readonly ahead?: number;
}

const named: Readonly<Record<string, RunningMean>> = {
  none: { beta: 0 },
  fastai: { beta: 0.98, debias: true },
  lightning: { beta: 0.98, debias: true, ahead: 1 },
  'lr-finder': { beta: 0.95 },
};

/** Reads a kind of smoothing: a name, or a running mean. */
export const lossSmoothing: Read = (value, path) => {
  if (typeof value === 'object' && value !== null)
    return Object.freeze(readFields(value, { beta: decay, debias: optional(oneOf(true, false)) }, path));
  if (typeof value === 'string' && Object.hasOwn(named, value)) return value;
  const expected = `one of ${Object.keys(named).join(', ')}, or an object with beta`;
  throw new PolicyError(path, value, expected, 'Say which tool wrote the losses.');
};

/** The running mean that was applied. */
export const runningMeanOf = (smoothing: LossSmoothing): RunningMean =>
  typeof smoothing === 'string' ? named[smoothing]! : smoothing;
