import type { Checkpoint, TrainingStep, Trough } from '@clr/core';
import { fail, inWords } from './errors.ts';
import type { Job } from './job.ts';
import { contentOf } from './parseJob.ts';

/** A running job: the state of its training, and its record so far. The stores of `@clr/checkpoint` can save it. */
export interface TrialCheckpoint extends Checkpoint {
  /** The data of the job besides the model's state. */
  readonly extra: {
    /** The job without its id, as text. */
    readonly job: string;
    /** The records of the steps so far. */
    readonly steps: readonly TrainingStep[];
    /** The troughs so far. */
    readonly troughs: readonly Trough[];
  };
}

/** The record in a checkpoint of this job; undefined without a checkpoint. */
export function recordSoFar(
  job: Job,
  from: (Checkpoint & { readonly extra?: unknown }) | undefined,
): { readonly steps: TrainingStep[]; readonly troughs: Trough[] } {
  if (!from) return { steps: [], troughs: [] };
  const extra = Object(from.extra) as Partial<TrialCheckpoint['extra']>;
  if (extra.job !== contentOf(job) || !Array.isArray(extra.steps) || !Array.isArray(extra.troughs)) {
    throw fail(
      `a checkpoint of the job ${job.id}`,
      typeof extra.job === 'string'
        ? `a checkpoint of another job, ${inWords(extra.job)}`
        : 'a checkpoint without a job',
      'Start without a checkpoint, or use another id for the job.',
    );
  }
  if (extra.steps.length !== from.step) {
    throw fail(
      `the record of ${from.step} steps in the checkpoint of the job ${job.id}`,
      `${extra.steps.length} steps`,
      'Start without a checkpoint.',
    );
  }
  return { steps: [...extra.steps], troughs: [...extra.troughs] };
}
