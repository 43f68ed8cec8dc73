import { constant } from '../policies/constant.ts';
import type { Policy } from '../policy.ts';
import type { RangeTestSuggestion } from '../rangeTest/finding.ts';
import type { AbortSignalLike } from './abortSignal.ts';
import type { Batches } from './batches.ts';
import { endOf, gain } from './metrics.ts';
import { planCycles } from './planCycles.ts';
import { train } from './train.ts';
import type { Metrics, Trainable } from './trainable.ts';

/** A fixed rate against CLR: the paper's own way to choose between them. */
export interface Verdict {
  readonly winner: 'clr' | 'fixed';
  readonly clr: Metrics;
  readonly fixed: Metrics;
  /** How much better the winner is: in accuracy where there is one, else in loss. */
  readonly margin: number;
  /** How many steps each of the two took. */
  readonly steps: number;
}

/** What {@link giveVerdict} needs to know. */
export interface VerdictOptions<Batch> {
  readonly suggestion: RangeTestSuggestion;
  /** How many steps each of the two may take. */
  readonly steps: number;
  readonly validation?: Iterable<Batch> | AsyncIterable<Batch> | undefined;
  readonly signal?: AbortSignalLike;
}

/**
 * Trains twice from the same state on the same batches, with the fixed rate and under CLR with three cycles,
 * and puts the state back. One that diverges loses. `undefined` if it was aborted, or both diverged.
 *
 * @see Smith, arXiv 1506.01186, section 3.3
 */
export async function giveVerdict<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  { suggestion, steps: budget, validation, signal }: VerdictOptions<Batch>,
): Promise<Verdict | undefined> {
  const { policy, steps } = planCycles({ ...suggestion, steps: Math.max(6, budget) });
  const common = { steps, ...(signal && { signal }), ...(validation && { evaluate: validation }) };
  const start = await trainable.snapshot();
  const trial = async (candidate: Policy): Promise<Metrics> => {
    try {
      const run = await train(trainable, batches, { ...common, policy: candidate });
      return endOf(run) ?? { loss: Infinity, accuracy: 0 };
    } finally {
      await trainable.restore(start);
    }
  };
  const fixed = await trial(constant({ lr: suggestion.fixedLr }));
  const clr = await trial(policy);
  const margin = gain(clr, fixed);
  if (signal?.aborted || Number.isNaN(margin)) return undefined;
  return { winner: margin >= 0 ? 'clr' : 'fixed', clr, fixed, margin: Math.abs(margin), steps };
}
