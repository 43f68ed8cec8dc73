import { checkOptionNames, rangeTest } from '@clr/core';
import { autoClrTrial } from './autoClrTrial.ts';
import { fail, inWords } from './errors.ts';
import type { Job } from './job.ts';
import { parseJob } from './parseJob.ts';
import { trainTrial } from './trainTrial.ts';
import type { OpenedJob, TrialOptions } from './trialOptions.ts';
import { parseResult, recordOf, type TrialResult } from './trialResult.ts';

const names = ['open', 'onStep', 'signal', 'from', 'save'] as const;

/**
 * Runs one job. The result depends only on the job. It has the same bits if the job is stopped and resumed.
 *
 * @param job - as {@link parseJob} reads it
 * @returns the result; `undefined` if `signal` stopped it
 * @throws {ClrError} if the job is invalid, if `from` belongs to another job, or if the training throws
 *
 * @example
 * ```ts
 * const result = await runTrial(job, { open });
 * result.run.step; // 50
 * ```
 */
export async function runTrial<Batch>(
  job: Job,
  options: TrialOptions<Batch>,
): Promise<TrialResult | undefined> {
  const { open, signal, from } = checkOptionNames('clr/sweep', 'runTrial', options, names);
  const read = parseJob(job);
  if (from && read.task.type === 'rangeTest') {
    const expected = 'no checkpoint with the task rangeTest, which cannot be resumed';
    throw fail(expected, `from with step ${inWords(from.step)}`, 'Leave out `from`.');
  }
  if (typeof open !== 'function') {
    throw fail(
      'open to be a function',
      `open = ${inWords(open)}`,
      'Pass a function that makes the model and the batches.',
    );
  }
  const opened = await open(read);
  const { trainable, onResult } = checkOptionNames('clr/sweep', 'the result of open', opened, openNames);
  try {
    const outcome = await runTask(read, opened, options);
    // An abort may have cut the last evaluation short, so the outcome is not the job's result.
    if (signal?.aborted) return undefined;
    const result = parseResult({ version: 1, job: read, ...outcome });
    await onResult?.(result);
    return result;
  } finally {
    await trainable?.dispose?.();
  }
}

const openNames = ['trainable', 'batches', 'validation', 'onResult'] as const;

async function runTask<Batch>(
  job: Job,
  opened: OpenedJob<Batch>,
  options: TrialOptions<Batch>,
): Promise<Pick<TrialResult, 'trace' | 'run' | 'autoClr'>> {
  const { task } = job;
  if (task.type === 'rangeTest') {
    const { trainable, batches, validation } = opened;
    const { onStep, signal } = options;
    const { type: _, ...rest } = task;
    const given = { ...(validation && { validation }), ...(signal && { signal }), ...(onStep && { onStep }) };
    return { trace: await rangeTest(trainable, batches, { ...rest, ...given }) };
  }
  return task.type === 'autoClr'
    ? { autoClr: recordOf(await autoClrTrial(job, task, opened, options)) }
    : { run: await trainTrial(job, task, opened, options) };
}
