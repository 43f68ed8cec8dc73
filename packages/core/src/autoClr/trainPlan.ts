import type { SequencePolicy } from '../policies/sequence.ts';
import type { Policy } from '../policy.ts';
import { toSchedule } from '../toSchedule.ts';
import { train } from '../train/train.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { evaluateLogged, type LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { comparable, endOf, isBetter, lastTenth } from '../trainable/metrics.ts';
import type { TrainingRun, Trough } from '../trainable/run.ts';
import type { Metrics, Snapshot } from '../trainable/trainable.ts';
import { thenTidyUp, withContext } from '../trainable/withContext.ts';
import { readTroughs } from '../troughs/readTroughs.ts';
import type { AutoClrResult, BestState, TroughCombination } from './autoClrResult.ts';
import { createCollapseWatch } from './collapseWatch.ts';
import { averageTroughs, joinTroughs } from './combineTroughs.ts';
import type { TrainingPlan } from './makePlan.ts';
import { reduceAt, reductionsOf } from './planCycles.ts';
import type { Progress } from './resume.ts';
import type { Session } from './session.ts';

/** The result of {@link trainPlan}. */
export interface TrainedPlan extends Pick<AutoClrResult, 'best' | 'average' | 'ensemble'> {
  /** The policy that was used. */
  readonly policy: Policy;
  readonly run: TrainingRun;
}

/** How {@link trainPlan} starts, and where its checkpoints go. */
export interface TrainPlanOptions {
  /** The state to which a failed training returns. */
  readonly home: Snapshot;
  /** The metrics of the untouched model, if it is a candidate too. */
  readonly start: LoggedMetrics | undefined;
  /** The training to continue. */
  readonly from: (Checkpoint & Progress) | undefined;
  /** Saves the training if the session has the option `checkpoint`. */
  readonly save: (checkpoint: Checkpoint, progress: Progress) => Promise<void>;
}

/** The most troughs that an average or an ensemble combines. */
const maxTroughs = 5;

/**
 * The training of `autoClr`: runs a plan, with early stopping, averaging and ensembling at its troughs, and keeps the
 * best state. Only troughs and the end are candidates, because between the troughs the rate is high and the model is
 * worse.
 */
export async function trainPlan<Batch>(
  session: Session<Batch>,
  plan: TrainingPlan,
  { home, start, from, save }: TrainPlanOptions,
): Promise<TrainedPlan> {
  const { trainable, batches, options } = session;
  const { validation, patience, reductions = 2, checkpoint, signal, stopAtTrough, onEvent } = options;
  let best: BestState | undefined;
  const consider = async (
    metrics: Metrics | undefined,
    state: () => Promise<Omit<BestState, keyof Metrics>>,
  ) => {
    if (metrics && (!best || isBetter(metrics, best))) best = { ...metrics, ...(await state()) };
  };
  const untouched = session.untouched ?? home;
  if (from) best = from.best && { ...from.best, snapshot: from.best.snapshot ?? untouched };
  else await consider(start && comparable(start), async () => ({ step: 0, snapshot: untouched }));

  const watch = createCollapseWatch(session.untrained, from?.watch);
  let { policy } = plan;
  let schedule = toSchedule(policy);
  let done = from?.done ?? false;
  const losses: (number | null)[] = [...(from?.losses ?? [])];
  const troughs: Trough[] = [...(from?.troughs ?? [])];
  let kept: readonly Checkpoint[] = from?.kept ?? [];
  const progressAt = (step: number): Progress => {
    return {
      ...{ policy, steps: plan.steps, done, watch: watch.state(), troughs: [...troughs], kept },
      losses: Float64Array.from(lastTenth(losses, step) as number[]),
      ...(best && { best: best.step > 0 ? best : { step: 0, ...comparable(best)! } }),
    };
  };
  const takeSteps = async (): Promise<TrainedPlan> => {
    await onEvent?.({ type: 'policy', policy, steps: plan.steps });
    const run = await train(trainable, batches, {
      policy: {
        lr: (step) => schedule.lr(step),
        momentum: (step) => schedule.momentum(step),
        position: (step) => schedule.at(step),
      },
      steps: plan.steps,
      ...(from && { from }),
      ...(checkpoint && {
        checkpoint: {
          ...checkpoint,
          // A run that has collapsed starts again, so its previous checkpoint stays.
          save: async (at: Checkpoint) => {
            if (!watch.collapsed) await save(at, progressAt(at.step));
          },
        },
      }),
      signal: {
        get aborted() {
          return watch.collapsed || signal?.aborted === true;
        },
        addEventListener: (type, listener) => signal?.addEventListener?.(type, listener),
        removeEventListener: (type, listener) => signal?.removeEventListener?.(type, listener),
      },
      stopAtTrough: {
        get aborted() {
          return done || stopAtTrough?.aborted === true;
        },
      },
      ...(validation && { evaluate: validation }),
      onStep: (step) => {
        losses.push(step.loss);
        if (!best?.step) watch.see(step.loss);
        return onEvent?.({ type: 'step', step });
      },
      async onCycleEnd({ snapshot: take, ...trough }) {
        troughs.push(trough);
        const { step } = trough;
        const metrics = comparable(trough);
        const keeps = metrics && (options.average || options.ensemble);
        const snapshot = keeps ? await take() : undefined;
        if (snapshot) kept = [...kept.slice(1 - maxTroughs), { step, snapshot }];
        await consider(metrics, async () => ({ step, snapshot: snapshot ?? (await take()) }));
        // `checkOptions` allows `patience` only with the plans 'cycles' and 'fixed', so the policy is a sequence whose
        // bounds can be reduced.
        const cycles = policy as SequencePolicy;
        const reading = patience
          ? readTroughs(troughs, {
              ...{ patience, reductions },
              reducedAt: reductionsOf(cycles).filter((at) => at <= step),
            })
          : undefined;
        await onEvent?.({ type: 'trough', trough, ...(reading && { reading }) });
        done = reading?.advice === 'stop';
        if (reading?.advice === 'reduce bounds' && step < plan.steps) {
          policy = reduceAt(cycles, step);
          schedule = toSchedule(policy);
          await onEvent?.({ type: 'policy', policy, steps: plan.steps });
        }
      },
    });
    const { step, stopped } = run;
    if (stopped && watch.collapsed) {
      const lost = { ...run, policy, stopped: { ...stopped, reason: 'diverged' as const } };
      return { policy, run: lost, ...(best && { best }) };
    }
    if (run.final || !best?.step) {
      // An aborted run ends without an evaluation. The state that it reached is judged on the same data as the others.
      const judged = validation && stopped?.reason === 'aborted' && step > 0;
      const metrics = judged
        ? await evaluateLogged(trainable, validation, 'after an abort', undefined)
        : undefined;
      const end = metrics ? comparable(metrics) : endOf(run, losses);
      await consider(end, async () => ({ step, snapshot: await trainable.snapshot() }));
    }
    const joint: { average?: TroughCombination; ensemble?: TroughCombination } = {};
    const tell = async (type: keyof typeof joint, found: TroughCombination | undefined) => {
      if (!found) return;
      joint[type] = found;
      await onEvent?.({ type, ...found });
    };
    if (validation && kept.length > 1 && !signal?.aborted) {
      if (options.average) {
        const keep = (metrics: Metrics, snapshot: Snapshot) =>
          consider(metrics, async () => ({ step, snapshot, averaged: true }));
        await tell('average', await averageTroughs(session, kept, keep));
      }
      if (options.ensemble) await tell('ensemble', await joinTroughs(session, kept));
    }
    return { policy, run: { ...run, policy }, ...(best && { best }), ...joint };
  };
  // Restore also after an error, because the best state so far is better than an unknown one.
  return thenTidyUp(takeSteps, () => {
    const { snapshot } = best?.step ? best : { snapshot: home };
    const lost = 'The model is not in its best state.';
    return withContext('restore()', 'after training', () => trainable.restore(snapshot), lost);
  });
}
