import type { SequencePolicy } from '../policies/sequence.ts';
import { toSchedule } from '../toSchedule.ts';
import { attempt, thenTidyUp } from './attempt.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { Best, Joint } from './autoClrResult.ts';
import { averageWeights } from './averageWeights.ts';
import { type Batches, first, passOf, untilAborted } from './batches.ts';
import { ensemble } from './ensemble.ts';
import { inOtherStates } from './inOtherStates.ts';
import { comparable, endOf, isBetter } from './metrics.ts';
import { reduceAt, reductionsOf } from './planCycles.ts';
import { readTroughs } from './readTroughs.ts';
import { measure, type Recorded } from './recorded.ts';
import type { TrainingRun, Trough } from './run.ts';
import type { Checkpoint } from './saver.ts';
import { train } from './train.ts';
import type { Metrics, Trainable } from './trainable.ts';

/** What {@link trainCycles} gives back. */
export interface CyclesResult {
  /** What acted. */
  readonly policy: SequencePolicy;
  readonly run: TrainingRun;
  readonly best?: Best;
  readonly average?: Joint;
  readonly ensemble?: Joint;
}

// Limits: troughs per average or ensemble, batches for re-estimating running statistics.
const mostTroughs = 5;
const mostBatches = 100;

/**
 * The training of `autoClr`: runs the cycles with early stopping, averaging and ensembling, and keeps the best state.
 *
 * @param start - the metrics of the untouched model, if it competes
 */
export async function trainCycles<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  plan: Pick<CyclesResult, 'policy'> & { readonly steps: number },
  start: Recorded | undefined,
  options: AutoClrOptions<Batch>,
): Promise<CyclesResult> {
  const { validation, patience, reductions = 2, signal, stopAtTrough, onEvent } = options;
  const origin = await attempt('snapshot()', 'before training', () => trainable.snapshot());
  let best: Best | undefined;
  const consider = async (metrics: Metrics | undefined, state: () => Promise<Omit<Best, keyof Metrics>>) => {
    if (metrics && (!best || isBetter(metrics, best))) best = { ...metrics, ...(await state()) };
  };
  await consider(start && comparable(start), async () => ({ step: 0, snapshot: origin }));

  let { policy } = plan;
  let schedule = toSchedule(policy);
  let done = false;
  const troughs: Trough[] = [];
  let kept: Checkpoint[] = [];
  const takeSteps = async (): Promise<CyclesResult> => {
    const run = await train(trainable, batches, {
      policy: { lr: (step) => schedule.lr(step), position: (step) => schedule.at(step) },
      steps: plan.steps,
      ...(signal && { signal }),
      stopAtTrough: {
        get aborted() {
          return done || stopAtTrough?.aborted === true;
        },
      },
      ...(validation && { evaluate: validation }),
      onStep: (step) => onEvent?.({ type: 'step', step }),
      async onCycleEnd({ snapshot: take, ...trough }) {
        troughs.push(trough);
        const { step } = trough;
        const metrics = comparable(trough);
        const keeps = metrics && (options.average || options.ensemble);
        const snapshot = keeps ? await take() : undefined;
        if (snapshot) kept = [...kept.slice(1 - mostTroughs), { step, snapshot }];
        await consider(metrics, async () => ({ step, snapshot: snapshot ?? (await take()) }));
        const reducedAt = reductionsOf(policy).filter((at) => at <= step);
        const reading = patience ? readTroughs(troughs, { patience, reductions, reducedAt }) : undefined;
        await onEvent?.({ type: 'trough', trough, ...(reading && { reading }) });
        done = reading?.signal === 'stop';
        if (reading?.signal === 'reduce bounds' && step < plan.steps) {
          policy = reduceAt(policy, step);
          schedule = toSchedule(policy);
          await onEvent?.({ type: 'policy', policy, steps: plan.steps });
        }
      },
    });
    // After an abort the end is known by its training loss alone, which troughs are not judged by.
    const { step } = run;
    if (run.final || !best || best.step === 0) {
      await consider(endOf(run), async () => ({ step, snapshot: await trainable.snapshot() }));
    }
    const joint: { average?: Joint; ensemble?: Joint } = {};
    const tell = async (type: keyof typeof joint, metrics: Metrics | undefined) => {
      if (!metrics || signal?.aborted) return;
      joint[type] = { ...metrics, troughs: kept };
      await onEvent?.({ type, ...joint[type] });
    };
    const snapshots = kept.map(({ snapshot }) => snapshot);
    if (validation && kept.length > 1 && !signal?.aborted) {
      if (options.average) {
        const some = untilAborted(first(passOf(batches, 0), mostBatches), signal);
        const snapshot = await averageWeights(trainable, snapshots, some);
        const measured = await inOtherStates(trainable, async () => {
          await trainable.restore(snapshot);
          return measure(trainable, validation, 'on the average', signal);
        });
        const metrics = measured && comparable(measured);
        await tell('average', metrics);
        await consider(metrics, async () => ({ step, snapshot, averaged: true }));
      }
      if (options.ensemble) {
        const all = { [Symbol.asyncIterator]: () => untilAborted(validation, signal) };
        const measured = ensemble(trainable, snapshots).evaluate(all);
        // An evaluation that was cut short had too few batches, or none.
        const unlessAborted = (error: unknown): undefined => {
          if (!signal?.aborted) throw error;
        };
        await tell('ensemble', await measured.catch(unlessAborted));
      }
    }
    return { policy, run: { ...run, policy }, ...(best && { best }), ...joint };
  };
  // Also after an error: the best state so far is worth more than an unknown one.
  return thenTidyUp(takeSteps, () => {
    const { snapshot } = best ?? { snapshot: origin };
    const lost = 'The model is not at its best.';
    return attempt('restore()', 'after training', () => trainable.restore(snapshot), lost);
  });
}
