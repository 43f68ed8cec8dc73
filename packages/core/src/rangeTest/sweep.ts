import { checkOrder, integer, positive, stepCount } from '../fields.ts';
import { ramp } from '../policies/ramp.ts';
import type { Schedule } from '../schedule.ts';
import { toSchedule } from '../toSchedule.ts';
import { runSteps } from '../train/runSteps.ts';
import { checkSignal } from '../trainable/abortSignal.ts';
import { type Batches, type BatchPass, checkBatches, checkPass, endless } from '../trainable/batches.ts';
import { constantLogged, evaluateLogged, type LoggedMetrics } from '../trainable/loggedMetrics.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import { thenTidyUp, withContext } from '../trainable/withContext.ts';
import { sharpnessOf } from './batchSharpness.ts';
import { plainSweep, sharpnessWindow } from './calibration.ts';
import { createDivergenceWatch } from './divergence.ts';
import { probeRates } from './probeRates.ts';
import type { RangeTestOptions } from './rangeTestOptions.ts';
import type { RangeTestPoint, RangeTestTrace, SharpnessPoint } from './trace.ts';

/** The parameters of a sweep. */
interface Run<Batch> {
  readonly trainable: Trainable<Batch>;
  readonly source: Source<Batch>;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly validation: BatchPass<Batch> | undefined;
  /** The steps before which the batch sharpness is measured, ascending. */
  readonly looks: readonly number[];
  readonly signal: RangeTestOptions<Batch>['signal'];
  /** Returns true to stop before the next step. */
  readonly stop: () => boolean;
  /** Records a step. */
  readonly see: (point: RangeTestPoint) => Promise<void>;
}

/** The results of an earlier sweep of the same model, which need not be computed again. */
export type Measured = Pick<RangeTestTrace, 'constantAnswer'>;

/** Options of one sweep. */
interface SweepOptions<Batch> extends Omit<RangeTestOptions<Batch>, 'sharpness'> {
  /** An estimate of the edge, below which the batch sharpness is measured. Default: it is not measured. */
  readonly sharpEdge?: number;
}

/** Makes one sweep from the lowest rate to the highest, or tries each rate separately, then restores the model. */
export async function sweep<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: SweepOptions<Batch>,
  { constantAnswer }: Measured = {},
): Promise<RangeTestTrace> {
  const { startLr = plainSweep.startLr, endLr = plainSweep.endLr, steps = plainSweep.steps } = options;
  const { spacing = 'exponential', updatesPerRate, validation, signal, onStep } = options;
  checkSignal('signal', signal);
  const { updateKind, momentum } = trainable;
  positive(endLr, 'endLr');
  integer(2)(steps, 'steps');
  if (updatesPerRate !== undefined) stepCount(updatesPerRate, 'updatesPerRate');
  checkOrder({ startLr, endLr }, 'startLr', 'endLr', '');
  const schedule = toSchedule(ramp({ startLr, endLr, steps: steps - 1, spacing }));
  checkBatches('batches', batches, false);
  if (validation) checkPass('validation', validation);

  const constant = constantAnswer ?? (await constantLogged(trainable, batches, signal));
  const points: RangeTestPoint[] = [];
  const watch = createDivergenceWatch(constant?.loss ?? undefined);
  const snapshot = await withContext('snapshot()', 'before the range test', () => trainable.snapshot());
  const source = new Source(endless(batches, signal));
  const run: Run<Batch> = {
    ...{ trainable, source, schedule, steps, validation, signal },
    looks: looksBelow(options.sharpEdge, schedule, steps),
    stop: () => watch.diverged || signal?.aborted === true,
    see: async (point) => {
      // Drop the steps that were still in flight at divergence, because their number depends on how late losses are
      // read.
      if (watch.diverged) return;
      points.push(point);
      watch.see(point.loss);
      await onStep?.(point);
    },
  };
  let measured: Pick<RangeTestTrace, 'validation' | 'sharpness' | 'baseline'> = {};
  const takeSteps = async (): Promise<void> => {
    measured = updatesPerRate ? await probeEach(run, updatesPerRate, snapshot) : await sweepThrough(run);
  };
  const closed = () =>
    thenTidyUp(takeSteps, () =>
      withContext('closing the batches', 'after the range test', () => source.return()),
    );
  await thenTidyUp(closed, () =>
    withContext(
      'restore()',
      'after the range test',
      () => trainable.restore(snapshot),
      'The model was not restored.',
    ),
  );
  const reason = watch.diverged ? 'diverged' : 'aborted';
  const fault = points.at(-1)?.fault;
  return {
    ...{ version: 1, spacing, startLr, endLr, points, smoothing: 'none' },
    ...(updatesPerRate && { updatesPerRate }),
    ...measured,
    ...(constant && { constantAnswer: constant }),
    ...(updateKind && { updateKind }),
    ...(momentum !== undefined && { momentum }),
    ...(points.length < steps && {
      stopped: { step: points.length, reason, ...(fault !== undefined && { fault }) },
    }),
  };
}

/** Trains with a rising rate. With validation data it evaluates about twenty times during the sweep. */
async function sweepThrough<Batch>(
  run: Run<Batch>,
): Promise<Pick<RangeTestTrace, 'validation' | 'sharpness'>> {
  const { trainable, source, schedule, steps, validation, looks, signal, stop, see } = run;
  const found: RangeTestPoint[] = [];
  const sharpness: SharpnessPoint[] = [];
  const stretch = validation ? Math.ceil(steps / 20) : steps;
  for (let from = 0; from < steps && !stop(); ) {
    const end = Math.min(steps, (Math.floor(from / stretch) + 1) * stretch);
    const to = looks.find((look) => look > from && look < end) ?? end;
    let last: RangeTestPoint | undefined;
    for await (const point of runSteps(trainable, source, schedule, { from, to, stop })) {
      await see(point);
      last = point;
    }
    if (validation && last && to === end && !stop()) {
      const metrics = await evaluateLogged(trainable, validation, `after step ${last.step}`, signal);
      if (metrics) found.push({ step: last.step, lr: last.lr, ...metrics });
    }
    if (looks.includes(to) && !stop()) {
      const next = await source.peek();
      if (!next.done) sharpness.push(await look(trainable, next.value, to, schedule.lr(to)));
    }
    from = to;
  }
  return { ...(validation && { validation: found }), ...(looks.length > 0 && { sharpness }) };
}

/** The steps before which the batch sharpness is measured: evenly spread, at rates just below an edge. */
function looksBelow(edge: number | undefined, schedule: Schedule, steps: number): number[] {
  if (edge === undefined) return [];
  const inside = Array.from({ length: steps }, (_, step) => step).filter((step) => {
    const lr = schedule.lr(step);
    return lr >= edge / sharpnessWindow.below && lr <= edge;
  });
  const count = Math.min(sharpnessWindow.looks, inside.length);
  return Array.from({ length: count }, (_, i) => inside[Math.floor(((i + 0.5) * inside.length) / count)]!);
}

/** The batch sharpness of the batch that a step is about to train on. */
async function look<Batch>(
  trainable: Trainable<Batch>,
  batch: Batch,
  step: number,
  lr: number,
): Promise<SharpnessPoint> {
  const value = await sharpnessOf(trainable, batch, `before step ${step}`);
  return { step, lr, sharpness: Number.isFinite(value) ? value : null };
}

/** Tries each rate separately. It evaluates on the validation data, or else on as many batches as it trains on. */
async function probeEach<Batch>(
  { trainable, source, schedule, steps, validation, signal, stop, see }: Run<Batch>,
  updates: number,
  snapshot: Snapshot,
): Promise<Pick<RangeTestTrace, 'baseline'>> {
  const drawn: Batch[] = [];
  while (drawn.length < (validation ? 1 : 2) * updates) {
    const next = await withContext('the next batch', `after ${drawn.length}`, () => source.next());
    if (next.done) break;
    drawn.push(next.value);
  }
  const held = validation ?? drawn.slice(updates);
  const baseline: LoggedMetrics | undefined = stop()
    ? undefined
    : await evaluateLogged(trainable, held, 'before any step', signal);
  const probes = { snapshot, batches: drawn.slice(0, updates), held };
  for await (const point of probeRates(trainable, probes, schedule, { from: 0, to: steps, stop, signal }))
    await see(point);
  return baseline ? { baseline } : {};
}

/** An iterator of batches that can look at the next batch without taking it. */
class Source<Batch> implements AsyncIterator<Batch, void> {
  readonly #batches: AsyncGenerator<Batch, void>;
  #seen: IteratorResult<Batch, void> | undefined;

  constructor(batches: AsyncGenerator<Batch, void>) {
    this.#batches = batches;
  }

  async peek(): Promise<IteratorResult<Batch, void>> {
    this.#seen ??= await this.#batches.next();
    return this.#seen;
  }

  async next(): Promise<IteratorResult<Batch, void>> {
    const next = await this.peek();
    this.#seen = undefined;
    return next;
  }

  async return(): Promise<IteratorResult<Batch, void>> {
    return this.#batches.return();
  }
}
