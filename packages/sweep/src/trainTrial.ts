import { constant, type TrainingRun, train } from '@clr/core';
import type { FixedTask, Job, PolicyTask } from './job.ts';
import { contentOf } from './parseJob.ts';
import { recordSoFar } from './trialCheckpoint.ts';
import type { OpenedJob, TrialOptions } from './trialOptions.ts';

/** Trains, saves checkpoints, and returns the record of the whole run, including the steps before a checkpoint. */
export async function trainTrial<Batch>(
  job: Job,
  task: FixedTask | PolicyTask,
  { trainable, batches, validation }: OpenedJob<Batch>,
  { onStep, from, save, signal }: TrialOptions<Batch>,
): Promise<TrainingRun> {
  const { steps: count, hyper, checkpointEvery = Math.ceil(count / 10) } = task;
  const { steps, troughs } = recordSoFar(job, from);
  const content = contentOf(job);
  const run = await train(trainable, batches, {
    policy: task.type === 'fixed' ? constant({ lr: task.lr }) : task.policy,
    steps: count,
    ...(hyper && { hyper }),
    ...(validation && { validation }),
    ...(signal && { signal }),
    ...(from && { from }),
    async onStep(step) {
      steps.push(step);
      await onStep?.(step);
    },
    onCycleEnd({ snapshot: _, ...trough }) {
      troughs.push(trough);
    },
    checkpoint: {
      // Set even without `save`: saving detects NaN in the state and ends the run, so it affects the result.
      every: { steps: checkpointEvery },
      async save(checkpoint) {
        // An abort may have cut short the evaluation at this trough. Then the record of the trough is incomplete.
        const cutShort = signal?.aborted && validation && troughs.at(-1)?.step === checkpoint.step;
        if (!cutShort)
          await save?.({ ...checkpoint, extra: { job: content, steps: [...steps], troughs: [...troughs] } });
      },
    },
  });
  return { ...run, from: 0, steps, troughs };
}
