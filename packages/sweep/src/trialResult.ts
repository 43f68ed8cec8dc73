import {
  type AutoClrResult,
  type BestState,
  parseRun,
  parseTrace,
  type RangeTestTrace,
  type TrainingRun,
  type TroughCombination,
} from '@clr/core';
import { fail, inWords } from './errors.ts';
import { object } from './fields.ts';
import type { Job } from './job.ts';
import { parseJob } from './parseJob.ts';

/** The metrics of several troughs combined, without their states. */
export interface JointRecord extends Pick<TrialMetrics, 'loss' | 'accuracy'> {
  /** The steps of the troughs. */
  readonly troughs: readonly number[];
}

/** Metrics in JSON: `null` for values that are not finite. */
export interface TrialMetrics {
  /** The mean loss; `null` if it is not finite. */
  readonly loss: number | null;
  /** The share of correctly classified examples, in [0, 1]; `null` if it is not finite. */
  readonly accuracy?: number | null;
}

/** The result of core's `autoClr` as plain JSON, without states, and with `null` for numbers that are not finite. */
export interface AutoClrRecord
  extends Pick<AutoClrResult, 'trace' | 'finding' | 'policy' | 'run' | 'verdict' | 'cost'> {
  /** The step and the metrics of the best state, without the state itself. */
  readonly best?: TrialMetrics & Omit<BestState, 'snapshot' | 'loss' | 'accuracy'>;
  /** The metrics of the average of the last troughs, if requested. */
  readonly average?: JointRecord;
  /** The metrics of the last troughs as one ensemble, if requested. */
  readonly ensemble?: JointRecord;
}

/** The result of one job as plain JSON: a trace, a run or the record of `autoClr`, depending on the task. */
export interface TrialResult {
  /** The version of this format. */
  readonly version: 1;
  /** The job that gave the result. */
  readonly job: Job;
  /** The trace of a range test. */
  readonly trace?: RangeTestTrace;
  /** The whole run of a fixed rate or a policy, including the steps before it was resumed. */
  readonly run?: TrainingRun;
  /** The record of `autoClr`: the test, the plan and the training. */
  readonly autoClr?: AutoClrRecord;
}

/** The record of an `autoClr` result, without states. */
export function recordOf(result: AutoClrResult): AutoClrRecord {
  const { best, average, ensemble, ...rest } = result;
  const joint = ({ troughs, ...metrics }: TroughCombination) => ({
    ...metrics,
    troughs: troughs.map(({ step }) => step),
  });
  const { snapshot: _, ...measured } = best ?? { snapshot: undefined };
  return plain({
    ...rest,
    ...(best && { best: measured }),
    ...(average && { average: joint(average) }),
    ...(ensemble && { ensemble: joint(ensemble) }),
  }) as AutoClrRecord;
}

/** Converts data as JSON does: `null` for numbers that are not finite. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/**
 * Reads a result from unknown data, such as parsed JSON.
 *
 * @param name - how error messages refer to it, such as the name of its file
 * @throws {ClrError} if it is not a result of {@link runTrial}
 *
 * @example
 * ```ts
 * const stored = JSON.stringify(await runTrial(job, { open }));
 * parseResult(JSON.parse(stored)).run.step; // 50
 * ```
 */
export function parseResult(value: unknown, name = 'result'): TrialResult {
  const { version, job, trace, run, autoClr } = object(value, name);
  if (version !== 1) {
    const advice = 'Pass the result of runTrial, as JSON.';
    throw fail(`${name}.version to be 1`, `${name}.version = ${inWords(version)}`, advice);
  }
  const read = parseJob(job, `${name}.job`);
  const result = { version, job: read } as const;
  const { type } = read.task;
  if (type === 'rangeTest') return { ...result, trace: parseTrace(trace, `${name}.trace`) };
  if (type !== 'autoClr') return { ...result, run: parseRun(run, `${name}.run`) };
  const record = object(autoClr, `${name}.autoClr`) as unknown as AutoClrRecord;
  parseTrace(record.trace, `${name}.autoClr.trace`);
  object(record.finding, `${name}.autoClr.finding`);
  object(record.cost, `${name}.autoClr.cost`);
  if (record.run !== undefined) parseRun(record.run, `${name}.autoClr.run`);
  return { ...result, autoClr: record };
}
