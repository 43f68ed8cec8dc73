import { checkOptionNames } from './checkOptionNames.ts';
import { PolicyError } from './errors.ts';
import { integer, stepCount } from './fields.ts';
import { decay } from './policies/decay.ts';
import { type SequencePolicy, sequence } from './policies/sequence.ts';
import type { DecayShape } from './policies/trapezoid.ts';
import type { Policy } from './policy.ts';
import { toSchedule } from './toSchedule.ts';
import type { Checkpoint } from './trainable/checkpoint.ts';

/** Options of {@link cooldown}. */
export interface CooldownOptions {
  /** A checkpoint of the run, or another object with its `step`. */
  readonly from: Pick<Checkpoint, 'step'>;
  /** The length of the cooldown, in steps. */
  readonly steps: number;
  /** The shape of the cooldown, as for `decay`. Default `'linear'`. */
  readonly shape?: DecayShape;
  /** The final rate. Default 0. */
  readonly finalLr?: number;
}

const names = ['from', 'steps', 'shape', 'finalLr'] as const;

/**
 * A run's policy up to a step, then a cooldown, as if the run were about to end. Train with the result from a
 * checkpoint. Later continue from the same checkpoint with the run's own policy, as if nothing had happened.
 *
 * `lr(t) = policy.lr(t)` before `from.step`, then `finalLr + (policy.lr(from.step) − finalLr) · h(x)` with
 * `x = (t − from.step) / steps` and `h` as in `decay`. The end, `from.step + steps`, is a trough. If the policy
 * schedules a momentum, it does so only up to the cooldown.
 *
 * @param policy - the policy of the run
 * @throws {ClrError} if an option is unknown
 * @throws {PolicyError} if an option is bad, or the policy's rate at `from.step` is 0 or below `finalLr`
 * @see Hägele et al., arXiv 2405.18392; Wen et al., arXiv 2410.05192
 *
 * @example
 * ```ts
 * const stable = wsd({ maxLr: 0.1, steps: 1000, warmup: 100 });
 * const { lr, at } = toSchedule(cooldown(stable, { from: { step: 500 }, steps: 100 }));
 * lr(499); // 0.1
 * lr(550); // 0.05
 * lr(600); // 0
 * at(500).cycleEnd; // 600
 * ```
 */
export function cooldown(policy: Policy, options: CooldownOptions): SequencePolicy {
  const { from, steps, ...rest } = checkOptionNames('clr/core', 'cooldown', options, names);
  const { step } = Object(from) as Pick<Checkpoint, 'step'>;
  integer(0)(step, 'from.step');
  stepCount(steps, 'steps');
  const maxLr = toSchedule(policy).lr(step);
  if (!(maxLr > 0)) {
    const advice = 'The run has already cooled down there. Choose a step at which it still trains.';
    throw new PolicyError('from.step', step, 'a step at which the rate of the policy is above 0', advice);
  }
  const down = { policy: decay({ ...rest, steps, maxLr, warmup: 0 }), steps };
  return sequence(step === 0 ? [down] : [{ policy, steps: step }, down]);
}
