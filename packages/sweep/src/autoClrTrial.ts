import { type AutoClrResult, autoClr, type TrainingStep, type Trough } from '@clr/core';
import type { AutoClrTask, Job } from './job.ts';
import { contentOf } from './parseJob.ts';
import { recordSoFar } from './trialCheckpoint.ts';
import type { OpenedJob, TrialOptions } from './trialOptions.ts';

/** Runs `autoClr`, saves checkpoints, and returns the whole record, including the steps before a checkpoint. */
export async function autoClrTrial<Batch>(
  job: Job,
  { type: _, ...task }: AutoClrTask,
  { trainable, batches, validation }: OpenedJob<Batch>,
  { onStep, from, save, signal }: TrialOptions<Batch>,
): Promise<AutoClrResult> {
  let { steps, troughs }: { steps: TrainingStep[]; troughs: Trough[] } = recordSoFar(job, from);
  const content = contentOf(job);
  const { run, ...result } = await autoClr(trainable, batches, {
    ...task,
    ...(validation && { validation }),
    ...(signal && { signal }),
    ...(from && { from }),
    checkpoint: {
      // Set even without `save`: saving detects NaN in the state and ends the run, so it affects the result.
      every: { steps: Math.ceil(task.steps / 10) },
      save: (checkpoint) =>
        save?.({ ...checkpoint, extra: { job: content, steps: [...steps], troughs: [...troughs] } }),
    },
    async onEvent(event) {
      if (event.type === 'sweep') await onStep?.(event.point);
      if (event.type === 'trough') troughs.push(event.trough);
      if (event.type !== 'step') return;
      // A run that diverged starts again.
      if (event.step.step === 0) [steps, troughs] = [[], []];
      steps.push(event.step);
      await onStep?.(event.step);
    },
  });
  return { ...result, ...(run && { run: { ...run, from: 0, steps, troughs } }) };
}
