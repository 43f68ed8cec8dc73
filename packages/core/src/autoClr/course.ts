import type { SequencePolicy } from '../policies/sequence.ts';
import type { Policy } from '../policy.ts';
import type { Schedule } from '../schedule.ts';
import { toSchedule } from '../toSchedule.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { comparable, isBetter, lastTenth } from '../trainable/metrics.ts';
import type { TrainingStep, Trough } from '../trainable/run.ts';
import type { Metrics, Snapshot } from '../trainable/trainable.ts';
import { readTroughs } from '../troughs/readTroughs.ts';
import type { BestState } from './autoClrResult.ts';
import { createCollapseWatch } from './collapseWatch.ts';
import type { TrainingPlan } from './makePlan.ts';
import { reduceAt, reductionsOf } from './planCycles.ts';
import type { Progress } from './resume.ts';
import type { Session } from './session.ts';

/** The course of a training: the policy in force, the losses and troughs so far, and the best state. */
export interface Course {
  readonly policy: Policy;
  readonly schedule: Schedule;
  readonly losses: readonly (number | null)[];
  readonly troughs: readonly Trough[];
  /** The last troughs, to average or to join. */
  readonly kept: readonly Checkpoint[];
  readonly best: BestState | undefined;
  /** True if the loss has collapsed before there was a trained state to keep. */
  readonly collapsed: boolean;
  /** True if the training is to end at this trough, because the cycles bring no gain. */
  readonly done: boolean;
  /** Records a step. */
  see(step: TrainingStep): void;
  /** Makes a state the best one if its metrics are the best so far. */
  consider(metrics: Metrics | undefined, state: () => Promise<Omit<BestState, keyof Metrics>>): Promise<void>;
  /** Records a trough: it is a candidate for the best state, and may reduce the bounds or end the training. */
  reach(trough: Trough, snapshot: () => Promise<Snapshot>): Promise<void>;
  /** What a resumed training needs to know. */
  progress(step: number): Progress;
}

/** The most troughs that an average or an ensemble combines. */
const maxTroughs = 5;

/**
 * Begins the course of a training, or continues one.
 *
 * @param untouched - the original state of the model
 * @param start - its metrics, if it is a candidate for the best state too
 */
export async function createCourse<Batch>(
  session: Session<Batch>,
  plan: TrainingPlan,
  untouched: Snapshot,
  start: LoggedMetrics | undefined,
  from: Progress | undefined,
): Promise<Course> {
  const { patience, reductions = 2, average, ensemble, onEvent } = session.options;
  const watch = createCollapseWatch(session.untrained, from?.watch);
  let { policy } = plan;
  let schedule = toSchedule(policy);
  let done = from?.done ?? false;
  let best: BestState | undefined = from?.best && {
    ...from.best,
    snapshot: from.best.snapshot ?? untouched,
  };
  const losses: (number | null)[] = [...(from?.losses ?? [])];
  const troughs: Trough[] = [...(from?.troughs ?? [])];
  let kept: readonly Checkpoint[] = from?.kept ?? [];

  const course: Course = {
    get policy() {
      return policy;
    },
    get schedule() {
      return schedule;
    },
    get kept() {
      return kept;
    },
    get best() {
      return best;
    },
    get collapsed() {
      return watch.collapsed;
    },
    get done() {
      return done;
    },
    losses,
    troughs,
    see({ loss }) {
      losses.push(loss);
      if (!best?.step) watch.see(loss);
    },
    async consider(metrics, state) {
      if (metrics && (!best || isBetter(metrics, best))) best = { ...metrics, ...(await state()) };
    },
    async reach(trough, take) {
      troughs.push(trough);
      const { step } = trough;
      const metrics = comparable(trough);
      const snapshot = metrics && (average || ensemble) ? await take() : undefined;
      if (snapshot) kept = [...kept.slice(1 - maxTroughs), { step, snapshot }];
      await course.consider(metrics, async () => ({ step, snapshot: snapshot ?? (await take()) }));
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
    progress: (step) => ({
      ...{ policy, steps: plan.steps, done, watch: watch.state(), troughs: [...troughs], kept },
      losses: Float64Array.from(lastTenth(losses, step) as number[]),
      ...(best && { best: best.step > 0 ? best : { step: 0, ...comparable(best)! } }),
    }),
  };
  if (!from)
    await course.consider(start && comparable(start), async () => ({ step: 0, snapshot: untouched }));
  return course;
}
