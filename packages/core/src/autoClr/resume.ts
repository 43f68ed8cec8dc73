import { ClrError, show } from '../errors.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { RangeTestTrace } from '../rangeTest/trace.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import type { Trough } from '../trainable/run.ts';
import type { Snapshot } from '../trainable/trainable.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { BestState, Cost, Trial, Verdict } from './autoClrResult.ts';
import type { Choice } from './checkOptions.ts';
import type { CollapseState } from './collapseWatch.ts';
import type { Plan, TrainingPlan } from './makePlan.ts';

/** The state of a training between two steps, besides the state of the model. */
export interface Progress extends TrainingPlan {
  /** True if the training ends at this trough, because the cycles bring no gain. */
  readonly done: boolean;
  readonly watch: CollapseState;
  /** The losses of the last tenth of the steps. */
  readonly losses: Float64Array;
  readonly troughs: readonly Trough[];
  /** The last troughs, to average or to join. */
  readonly kept: readonly Checkpoint[];
  /** The best state so far. Its snapshot is left out if it is the untouched model. */
  readonly best?: Omit<BestState, 'snapshot'> & Partial<Pick<BestState, 'snapshot'>>;
}

/** What is known before training starts. */
export interface Search {
  readonly trace: RangeTestTrace;
  readonly finding: RangeTestFinding;
  /** The metrics of the untouched model on `validation`. */
  readonly start?: LoggedMetrics;
  readonly verdict?: Verdict;
}

/** The number of times that a diverged run may start again, and the factor of its rates. */
export interface Retries {
  readonly factor: number;
  readonly more: number;
}

/** All that `autoClr` needs to continue its training exactly. Plain data with typed arrays. */
export interface AutoClrState extends Omit<Search, 'verdict'> {
  readonly version: 1;
  /** The options that a resumed run must have too. */
  readonly settings: Readonly<Record<string, string>>;
  /** The verdict with the number of the winner's trial. */
  readonly verdict?: Omit<Verdict, 'winner' | 'trials'> & {
    readonly winner: number;
    readonly trials: readonly Omit<Trial, 'plan'>[];
  };
  readonly cost: Cost;
  readonly untrained: readonly number[];
  /** The state to which a failed training returns. */
  readonly home: Snapshot;
  /** The original state of the model, if it is not `home`. */
  readonly untouched?: Snapshot;
  readonly retries: Retries;
  readonly progress: Progress;
}

const settingNames = [
  ...(['steps', 'stepsPerEpoch', 'plan', 'verdict', 'updatesPerRate'] as const),
  ...(['patience', 'reductions', 'average', 'ensemble', 'validation'] as const),
] as const;

/**
 * The options that decide how a run continues, as text. Of functions and validation data the text says only that they
 * were given.
 *
 * @param plan - the plan, because its default depends on other options
 */
export function settingsOf<Batch>(options: AutoClrOptions<Batch>, plan: Plan): AutoClrState['settings'] {
  const text = (value: unknown): string => {
    if (value === undefined || value === false) return 'left out';
    return JSON.stringify(value, (_, part) => (typeof part === 'function' ? 'a function' : part));
  };
  const given = { ...options, plan, validation: options.validation !== undefined };
  return Object.fromEntries(settingNames.map((name) => [name, text(given[name])]));
}

/** Reads the state in a checkpoint of `autoClr`. Refuses other checkpoints, and options that have changed. */
export function stateOf(
  from: Checkpoint | undefined,
  settings: AutoClrState['settings'],
): AutoClrState | undefined {
  if (from === undefined) return undefined;
  const state = from?.autoClr as AutoClrState | undefined;
  if (state?.version !== 1) {
    throw new ClrError('clr/core', {
      expected: 'from to be a checkpoint that autoClr saved',
      received: state ? `one of version ${show(state.version)}` : show(from),
      advice: 'A checkpoint that `train` saved continues with `train`.',
    });
  }
  const changed = settingNames.find((name) => settings[name] !== state.settings[name]);
  if (!changed) return state;
  throw new ClrError('clr/core', {
    expected: `${changed} as in the run that the checkpoint continues: ${state.settings[changed]}`,
    received: `${changed}: ${settings[changed]}`,
    advice: 'To train with other options, start without `from`.',
  });
}

/** The search of the run that a session continues. */
export function searchOf({ plan, rivals }: Choice, state: AutoClrState): Search {
  const { trace, finding, start, verdict: kept } = state;
  const search = { trace, finding, ...(start && { start }) };
  if (!kept) return search;
  const { winner, trials, ...rest } = kept;
  const plans = [plan, ...rivals];
  const named = plans.map((each, at) => ({ plan: each, ...trials[at] }));
  return { ...search, verdict: { ...rest, winner: plans[winner]!, trials: named } };
}

/** A verdict as plain data. Its plans become numbers, because a plan may be a function. */
export function plainVerdict({ winner, trials, ...rest }: Verdict): NonNullable<AutoClrState['verdict']> {
  return {
    ...rest,
    winner: trials.findIndex(({ plan }) => plan === winner),
    trials: trials.map(({ plan: _, ...trial }) => trial),
  };
}
