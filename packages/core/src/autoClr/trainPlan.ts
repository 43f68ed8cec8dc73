import type { Policy } from '../policy.ts';
import { train } from '../train/train.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { evaluateLogged, type LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { comparable, endOf } from '../trainable/metrics.ts';
import type { TrainingRun } from '../trainable/run.ts';
import type { Metrics, Snapshot } from '../trainable/trainable.ts';
import { thenTidyUp, withContext } from '../trainable/withContext.ts';
import type { AutoClrResult, TroughCombination } from './autoClrResult.ts';
import { averageTroughs, joinTroughs } from './combineTroughs.ts';
import { type Course, createCourse } from './course.ts';
import type { TrainingPlan } from './makePlan.ts';
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
  const { validation, checkpoint, signal, stopAtTrough, onEvent } = options;
  const course = await createCourse(session, plan, session.untouched ?? home, start, from);
  const takeSteps = async (): Promise<TrainedPlan> => {
    await onEvent?.({ type: 'policy', policy: course.policy, steps: plan.steps });
    if (from) await catchUp(session, course, from);
    const run = await train(trainable, batches, {
      policy: {
        lr: (step) => course.schedule.lr(step),
        momentum: (step) => course.schedule.momentum(step),
        position: (step) => course.schedule.at(step),
      },
      steps: plan.steps,
      ...(from && { from }),
      ...(checkpoint && {
        checkpoint: {
          ...checkpoint,
          // A run that has collapsed starts again, so its previous checkpoint stays.
          save: async (at: Checkpoint) => {
            if (!course.collapsed) await save(at, course.progress(at.step));
          },
        },
      }),
      signal: {
        get aborted() {
          return course.collapsed || signal?.aborted === true;
        },
        addEventListener: (type, listener) => signal?.addEventListener?.(type, listener),
        removeEventListener: (type, listener) => signal?.removeEventListener?.(type, listener),
      },
      stopAtTrough: {
        get aborted() {
          return course.done || stopAtTrough?.aborted === true;
        },
      },
      ...(validation && { evaluate: validation }),
      onStep(step) {
        course.see(step);
        return onEvent?.({ type: 'step', step });
      },
      async onCycleEnd({ snapshot, ...trough }) {
        // If an abort cut the evaluation short, a resumed run repeats it.
        if (!validation || trough.loss !== undefined) await course.reach(trough, snapshot);
      },
    });
    const { policy } = course;
    const { step, stopped } = run;
    const result = (more: Partial<TrainedPlan> = {}): TrainedPlan => ({
      ...{ policy, run: { ...run, policy } },
      ...(course.best && { best: course.best }),
      ...more,
    });
    if (stopped && course.collapsed) {
      return result({ run: { ...run, policy, stopped: { ...stopped, reason: 'diverged' } } });
    }
    if (run.final || !course.best?.step) {
      // An aborted run ends without an evaluation. The state that it reached is judged on the same data as the others.
      const judged = validation && stopped?.reason === 'aborted' && step > 0;
      const metrics = judged
        ? await evaluateLogged(trainable, validation, 'after an abort', undefined)
        : undefined;
      const end = metrics ? comparable(metrics) : endOf(run, course.losses);
      await course.consider(end, async () => ({ step, snapshot: await trainable.snapshot() }));
    }
    const joint: { average?: TroughCombination; ensemble?: TroughCombination } = {};
    const tell = async (type: keyof typeof joint, found: TroughCombination | undefined) => {
      if (!found) return;
      joint[type] = found;
      await onEvent?.({ type, ...found });
    };
    const { kept } = course;
    if (validation && kept.length > 1 && !signal?.aborted) {
      if (options.average) {
        const keep = (metrics: Metrics, snapshot: Snapshot) =>
          course.consider(metrics, async () => ({ step, snapshot, averaged: true }));
        await tell('average', await averageTroughs(session, kept, keep));
      }
      if (options.ensemble) await tell('ensemble', await joinTroughs(session, kept));
    }
    return result(joint);
  };
  // Restore also after an error, because the best state so far is better than an unknown one.
  return thenTidyUp(takeSteps, () => {
    const { snapshot } = course.best?.step ? course.best : { snapshot: home };
    const lost = 'The model is not in its best state.';
    return withContext('restore()', 'after training', () => trainable.restore(snapshot), lost);
  });
}

/** Evaluates the trough of a checkpoint if an abort has prevented this. */
async function catchUp<Batch>(
  { trainable, options: { validation, signal } }: Session<Batch>,
  course: Course,
  { step, snapshot }: Checkpoint,
): Promise<void> {
  const { cycle, cycleEnd } = course.schedule.at(step - 1);
  if (!validation || cycleEnd !== step || course.troughs.at(-1)?.step === step) return;
  const where = `after ${step} steps`;
  await withContext('restore()', where, () => trainable.restore(snapshot));
  const metrics = await evaluateLogged(trainable, validation, where, signal);
  if (metrics) await course.reach({ step, cycle, ...metrics }, async () => snapshot);
}
