import { checkOrder, integer, positiveRate, stepCount } from '../fields.ts';
import { ramp } from '../policies/ramp.ts';
import type { Schedule } from '../schedule.ts';
import { toSchedule } from '../toSchedule.ts';
import { checkSignal } from '../train/abortSignal.ts';
import { attempt, thenTidyUp } from '../train/attempt.ts';
import { type Batches, checkBatches, endless, type Pass } from '../train/batches.ts';
import { measure, measureConstant, type Recorded } from '../train/recorded.ts';
import { runSteps } from '../train/runSteps.ts';
import type { Snapshot, Trainable } from '../train/trainable.ts';
import { plainSweep } from './calibration.ts';
import { createDivergenceWatch } from './divergence.ts';
import { probeRates } from './probeRates.ts';
import type { RangeTestOptions } from './rangeTestOptions.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/** The parameters of a sweep. */
interface Run<Batch> {
  readonly trainable: Trainable<Batch>;
  readonly source: AsyncGenerator<Batch, void>;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly validation: Pass<Batch> | undefined;
  readonly signal: RangeTestOptions<Batch>['signal'];
  /** Whether to stop before the next step. */
  readonly stop: () => boolean;
  /** Records a step. */
  readonly see: (point: RangeTestPoint) => Promise<void>;
}

/** What another sweep of the same model has measured already. */
export type Measured = Pick<RangeTestTrace, 'constantAnswer'>;

/** Makes one sweep from the lowest rate to the highest, or one probe of each rate, then puts the model back. */
export async function sweep<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: RangeTestOptions<Batch>,
  { constantAnswer }: Measured = {},
): Promise<RangeTestTrace> {
  const { startLr = plainSweep.startLr, endLr = plainSweep.endLr, steps = plainSweep.steps } = options;
  const { spacing = 'exponential', probe, validation, signal, onStep } = options;
  checkSignal('signal', signal);
  const { updateKind } = trainable;
  positiveRate(endLr, 'endLr');
  integer(2)(steps, 'steps');
  if (probe !== undefined) stepCount(probe, 'probe');
  checkOrder({ startLr, endLr }, 'startLr', 'endLr', '');
  const schedule = toSchedule(ramp({ startLr, endLr, steps: steps - 1, spacing }));
  checkBatches('batches', batches, false);
  if (validation) checkBatches('validation', validation, true);

  const constant = constantAnswer ?? (await measureConstant(trainable, batches, signal));
  const points: RangeTestPoint[] = [];
  const watch = createDivergenceWatch(constant?.loss ?? undefined);
  const snapshot = await attempt('snapshot()', 'before the range test', () => trainable.snapshot());
  const source = endless(batches, signal);
  const run: Run<Batch> = {
    ...{ trainable, source, schedule, steps, validation, signal },
    stop: () => watch.diverged || signal?.aborted === true,
    see: async (point) => {
      // Drop steps still in flight at divergence: how many there are depends on how late losses are read.
      if (watch.diverged) return;
      points.push(point);
      watch.see(point.loss);
      await onStep?.(point);
    },
  };
  let measured: Pick<RangeTestTrace, 'validation' | 'control'> = {};
  const takeSteps = async (): Promise<void> => {
    measured = probe ? await probeEach(run, probe, snapshot) : await sweepThrough(run);
  };
  const closed = () =>
    thenTidyUp(takeSteps, () =>
      attempt('closing the batches', 'after the range test', () => source.return()),
    );
  await thenTidyUp(closed, () =>
    attempt(
      'restore()',
      'after the range test',
      () => trainable.restore(snapshot),
      'The model is not as it was.',
    ),
  );
  const reason = watch.diverged ? 'diverged' : 'aborted';
  return {
    ...{ version: 1, spacing, startLr, endLr, points },
    ...(probe && { probe }),
    ...measured,
    ...(constant && { constantAnswer: constant }),
    ...(updateKind && { updateKind }),
    ...(points.length < steps && { stopped: { step: points.length, reason } }),
  };
}

/** Trains with a rising rate. With validation data it evaluates about twenty times on the way. */
async function sweepThrough<Batch>(run: Run<Batch>): Promise<Pick<RangeTestTrace, 'validation'>> {
  const { trainable, source, schedule, steps, validation, signal, stop, see } = run;
  const found: RangeTestPoint[] = [];
  const stretch = validation ? Math.ceil(steps / 20) : steps;
  for (let from = 0; from < steps && !stop(); from += stretch) {
    let last: RangeTestPoint | undefined;
    for await (const point of runSteps(trainable, source, schedule, {
      from,
      to: Math.min(steps, from + stretch),
      stop,
    })) {
      await see(point);
      last = point;
    }
    if (validation && last && !stop()) {
      const metrics = await measure(trainable, validation, `after step ${last.step}`, signal);
      if (metrics) found.push({ step: last.step, lr: last.lr, ...metrics });
    }
  }
  return validation ? { validation: found } : {};
}

/** Tries each rate separately, and evaluates on the validation data or else on as many further batches. */
async function probeEach<Batch>(
  { trainable, source, schedule, steps, validation, signal, stop, see }: Run<Batch>,
  updates: number,
  snapshot: Snapshot,
): Promise<Pick<RangeTestTrace, 'control'>> {
  const drawn: Batch[] = [];
  while (drawn.length < (validation ? 1 : 2) * updates) {
    const next = await attempt('the next batch', `after ${drawn.length}`, () => source.next());
    if (next.done) break;
    drawn.push(next.value);
  }
  const held = validation ?? drawn.slice(updates);
  const control: Recorded | undefined = stop()
    ? undefined
    : await measure(trainable, held, 'before any step', signal);
  const probes = { snapshot, batches: drawn.slice(0, updates), held };
  for await (const point of probeRates(trainable, probes, schedule, { from: 0, to: steps, stop, signal }))
    await see(point);
  return control ? { control } : {};
}
