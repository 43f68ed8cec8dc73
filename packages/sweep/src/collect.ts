import {
  analyzeRangeTest,
  checkOptionNames,
  type RangeTestFinding,
  type RangeTestTrace,
  type TrainingRun,
} from '@clr/core';
import { canonical } from './canonical.ts';
import { fail, inWords } from './errors.ts';
import type { Job } from './job.ts';
import { labelsOf } from './labelsOf.ts';
import type { TrialResult } from './trialResult.ts';

/** One result as a row of a table. */
export interface TrialRow {
  /** The id of the job. */
  readonly id: string;
  /** The type of its task, and the fields of task, model, data, optimizer and seed that differ between the jobs. */
  readonly label: string;
  /** The type of its task. */
  readonly task: Job['task']['type'];
  /** The job's seed. */
  readonly seed: number;
  /** For a range test, the suggested `maxLr`; otherwise the highest rate of the training. `null` if there is none. */
  readonly lr: number | null;
  /** The number of updates of the training, or of a range test's sweeps. */
  readonly steps: number;
  /**
   * The loss on validation data at the end; for `autoClr`, the best one. Without validation data, the mean over the
   * last tenth of the steps.
   */
  readonly loss: number | null;
  /** The accuracy, taken at the same place as the loss. */
  readonly accuracy?: number | null;
  /** Why it ended early, if it did. */
  readonly stopped?: 'diverged' | 'aborted' | 'ended';
}

/** Range tests of jobs that differ only in their seeds, analysed together. */
export interface RangeTestGroup {
  /** The label of the jobs, without their seeds. */
  readonly label: string;
  /** The ids of the jobs. */
  readonly ids: readonly string[];
  /** Their records. */
  readonly traces: readonly RangeTestTrace[];
  /** The analysis of all of them together. */
  readonly finding: RangeTestFinding;
}

/** The results of a sweep, as a table and as curves for `@clr/report`. */
export interface Collection {
  /** One row for each result, in the given order. */
  readonly rows: readonly TrialRow[];
  /** The range tests. `renderReport` takes one as `rangeTest: { trace: traces, finding }`. */
  readonly rangeTests: readonly RangeTestGroup[];
  /** The trainings. `renderReport` takes them as `runs`. */
  readonly runs: readonly {
    /** The label of the job. */
    readonly name: string;
    /** The record of its training. */
    readonly run: TrainingRun;
  }[];
}

/** Options of {@link collect}. */
export interface CollectOptions {
  /** The number of steps of the training after a range test. A longer training needs lower rates. Default 500. */
  readonly steps?: number;
}

/**
 * Combines results into a table, range tests and named runs. Range tests that differ only in their seeds are analysed
 * together.
 *
 * @throws {ClrError} if there are no results, if one is missing, or if two have the same id
 *
 * @example
 * ```ts
 * const { rows, runs } = collect([await runTrial(job, { open })]);
 * rows[0].lr; // 0.1
 * runs[0].run.steps.length; // 50
 * ```
 */
export function collect(results: readonly TrialResult[], options: CollectOptions = {}): Collection {
  const { steps } = checkOptionNames('clr/sweep', 'collect', options, ['steps']);
  if (!Array.isArray(results) || results.length === 0) {
    throw fail('results to collect', 'none', 'Pass the results of runTrial or runSweep.');
  }
  const missing = results.findIndex((result) => !result?.job);
  if (missing >= 0) {
    const received = `results[${missing}] = ${inWords(results[missing])}`;
    throw fail(
      'a result of each job',
      received,
      'Leave out jobs that were stopped: runTrial returns undefined for them.',
    );
  }
  const ids = new Set(results.map(({ job }) => job.id));
  if (ids.size < results.length) {
    throw fail('one result of each job', 'two results with the same id', 'Pass each result once.');
  }
  const labels = labelsOf(results.map(({ job }) => job));
  const groups = new Map<string, (readonly [TrialResult, string])[]>();
  for (const [at, result] of results.entries()) {
    if (!result.trace) continue;
    const { id: _, seed: __, ...same } = result.job;
    const key = canonical(same, 'job');
    groups.set(key, [...(groups.get(key) ?? []), [result, labels[at]!.withoutSeed]]);
  }
  const rangeTests = [...groups.values()].map((members) => {
    const traces = members.map(([{ trace }]) => trace!);
    return {
      label: members[0]![1],
      ids: members.map(([{ job }]) => job.id),
      traces,
      finding: analyzeRangeTest(traces, { ...(steps !== undefined && { steps }) }),
    };
  });
  const runs = results.flatMap((result, at) => {
    const run = result.run ?? result.autoClr?.run;
    return run ? [{ name: labels[at]!.whole, run }] : [];
  });
  return { rows: results.map((result, at) => rowOf(result, labels[at]!.whole, steps)), rangeTests, runs };
}

function rowOf(
  { job, trace, run, autoClr }: TrialResult,
  label: string,
  steps: number | undefined,
): TrialRow {
  const row = { id: job.id, label, task: job.task.type, seed: job.seed };
  if (trace) {
    const { suggestion } = analyzeRangeTest(trace, { ...(steps !== undefined && { steps }) });
    const taken = (trace.coarse?.length ?? 0) + trace.points.length * (trace.updatesPerRate ?? 1);
    return { ...row, lr: suggestion?.maxLr ?? null, steps: taken, ...endOf(trace.points), ...whyOf(trace) };
  }
  const trained = run ?? autoClr?.run;
  if (!trained) return { ...row, lr: null, steps: 0, loss: null };
  const { final } = trained;
  const measured = autoClr?.best ?? (final?.loss === undefined ? undefined : final);
  return {
    ...row,
    lr: trained.steps.reduce((most, { lr }) => Math.max(most, lr), 0),
    steps: trained.step,
    ...(measured ? metricsOf(measured) : endOf(trained.steps)),
    ...whyOf(trained),
  };
}

const metricsOf = ({
  loss = null,
  accuracy,
}: {
  readonly loss?: number | null;
  readonly accuracy?: number | null;
}) => ({ loss, ...(accuracy !== undefined && { accuracy }) });

const whyOf = ({ stopped }: Pick<TrainingRun, 'stopped'>) => stopped && { stopped: stopped.reason };

/** Means over the last tenth of the steps; `null` if one of the values is not finite. */
function endOf(steps: readonly { readonly loss: number | null; readonly accuracy?: number | null }[]) {
  const last = steps.slice(-Math.ceil(steps.length / 10) || undefined);
  const mean = (values: readonly (number | null)[]): number | null =>
    values.length === 0 || values.includes(null)
      ? null
      : values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
  const accuracies = last.flatMap(({ accuracy }) => (accuracy === undefined ? [] : [accuracy]));
  return {
    loss: mean(last.map(({ loss }) => loss)),
    ...(accuracies.length > 0 && { accuracy: mean(accuracies) }),
  };
}
