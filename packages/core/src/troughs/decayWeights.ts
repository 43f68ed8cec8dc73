import { PolicyError } from '../errors.ts';
import { integer, list } from '../fields.ts';
import type { ScheduleLike } from '../toSchedule.ts';
import { toSchedule } from '../toSchedule.ts';

const stepList = list(integer(0), 2);
/** The longest decay, in steps. Each step is evaluated. */
const longest = 1e8;

/**
 * Weights for `averageWeights` that approximate a decay. The weighted average of snapshots from a run at a constant
 * rate approximates a run whose rate decays from the first snapshot on. So no decay has to be trained, and several
 * decays can be compared on the same snapshots.
 *
 * Let `s₀ … sₙ` be the snapshots, and `rᵢ` the mean share of the rate that the decay leaves between `sᵢ₋₁` and `sᵢ`.
 * The average is `s₀ + Σ rᵢ · (sᵢ − sᵢ₋₁)`, so every update counts with the share of its rate that the decay would
 * have left. So `s₀` has the weight `1 − r₁`, `sᵢ` the weight `rᵢ − rᵢ₊₁`, and `sₙ` the weight `rₙ`. The effect of a
 * decay on later gradients is not included.
 *
 * @param steps - the steps of the snapshots, the lowest first
 * @param schedule - the decay, counted from the first snapshot; it may not rise
 * @returns a weight for each snapshot; their sum is 1
 * @throws {PolicyError} if the steps do not rise, or the rate rises or begins at 0
 * @see Tian et al., WSM: Decay-Free Learning Rate Schedule via Checkpoint Merging, arXiv 2507.17634
 *
 * @example
 * ```ts
 * const linear = decay({ maxLr: 0.1, steps: 40, warmup: 0 });
 * decayWeights([100, 120, 140], (step) => 1 - step / 40).map((weight) => weight.toFixed(4)); // ['0.2375', '0.5000', '0.2625']
 * decayWeights([100, 120, 140], linear).length; // 3
 * ```
 */
export function decayWeights(steps: readonly number[], schedule: ScheduleLike): number[] {
  stepList(steps, 'steps');
  const { lr } = toSchedule(schedule);
  const start = steps[0]!;
  if (steps.at(-1)! - start > longest) {
    const expected = `at most ${longest} steps after the first`;
    throw new PolicyError(`steps[${steps.length - 1}]`, steps.at(-1), expected, 'Shorten the decay.');
  }
  const rates = steps.slice(1).map((end, index) => {
    const from = steps[index]!;
    if (end <= from)
      throw new PolicyError(`steps[${index + 1}]`, end, `above ${from}`, 'Give the lowest step first.');
    let sum = 0;
    for (let step = from; step < end; step++) sum += lr(step - start);
    return sum / (end - from);
  });
  // The share of the rate that is left between two snapshots: 1 before the first, 0 after the last.
  const shares = [1, ...rates.map((rate) => rate / lr(0)), 0];
  return steps.map((_, index) => {
    const weight = shares[index]! - shares[index + 1]!;
    if (weight >= 0) return weight;
    const expected = 'a rate above 0 that falls or stays';
    throw new PolicyError(
      'schedule',
      schedule,
      expected,
      `The rate rises before step ${steps[index]! - start}.`,
    );
  });
}
