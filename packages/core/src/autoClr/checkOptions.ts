import { ClrError, PolicyError } from '../errors.ts';
import { integer, list, oneOf, type Read, stepCount } from '../fields.ts';
import { readPolicy } from '../policies/kind.ts';
import { leastSweep } from '../rangeTest/calibration.ts';
import { checkSignal } from '../train/abortSignal.ts';
import { type Batches, checkBatches } from '../train/batches.ts';
import { requireMethod } from '../train/requireMethod.ts';
import type { Trainable } from '../train/trainable.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import { roomForTest, stepsOfTrial } from './budget.ts';
import { type Plan, shapeOf, troughsWithin } from './makePlan.ts';

/** The plans of an `autoClr` run, and what they take of its budget. */
export interface Choice {
  readonly plan: Plan;
  /** The plans that a verdict compares with it: none without a verdict. */
  readonly rivals: readonly Plan[];
  /** The steps of each trial of the verdict, and of all of them. */
  readonly trialSteps: number;
  readonly verdictSteps: number;
  /** The fewest steps that the plan can be trained for. */
  readonly firstCycle: number;
}

/** Checks everything that `autoClr` was given, before anything is touched. */
export function checkOptions<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: AutoClrOptions<Batch>,
): Choice {
  const { steps, probe, validation } = options;
  integer(2)(steps, 'steps');
  for (const name of ['steps', 'stepsPerEpoch', 'probe', 'patience'] as const) {
    if (options[name] !== undefined) stepCount(options[name], name);
  }
  if (options.reductions !== undefined) integer(0)(options.reductions, 'reductions');
  const room = roomForTest(steps);
  if (probe && probe * leastSweep.steps > room) {
    const expected = `at most ${Math.floor(room / leastSweep.steps)}: ${leastSweep.steps} rates must fit into the ${room} steps of the range test`;
    throw new PolicyError('probe', probe, expected, 'Give more `steps`.');
  }
  checkSignal('signal', options.signal);
  checkSignal('stopAtTrough', options.stopAtTrough);
  checkBatches('batches', batches, true);
  if (validation) checkBatches('validation', validation, true);
  else if (options.patience || options.average || options.ensemble) {
    throw new ClrError('clr/core', {
      expected: 'validation batches, by which patience, average and ensemble judge troughs',
      received: 'none',
      advice: 'Give batches that are not trained on.',
    });
  }
  if (options.average) requireMethod(trainable, 'average');
  if (options.ensemble) requireMethod(trainable, 'predictBatch');
  return checkPlans(options, steps - room);
}

const named = oneOf('decay', 'cycles', 'wsd', 'fixed');

const readPlan: Read = (value, path) => {
  if (typeof value === 'function') return value;
  return typeof value === 'object' ? readPolicy(value, path) : named(value, path);
};

const readPlans = list(readPlan);

/** Checks that each plan fits into its steps, and has the troughs that other options ask for. */
function checkPlans<Batch>(options: AutoClrOptions<Batch>, steps: number): Choice {
  const { verdict = false } = options;
  const plan = readPlan(options.plan ?? defaultPlan(options), 'plan') as Plan;
  const rivals = (verdict ? readPlans(verdict === true ? ['fixed'] : verdict, 'verdict') : []) as Plan[];
  const trials = verdict ? 1 + rivals.length : 0;
  const trialSteps = verdict ? stepsOfTrial(options.steps, trials) : 0;
  if (verdict && trialSteps === 0) {
    const expected = `enough for ${trials} trials of at least 10 steps in a fifth of it`;
    throw new PolicyError('steps', options.steps, expected, 'Give more, or leave out `verdict`.');
  }
  const verdictSteps = trials * trialSteps;
  const left = Math.max(1, steps - verdictSteps);
  for (const each of [plan, ...rivals]) {
    checkTroughs(each, options, left);
    if (verdict) firstCycle(each, trialSteps);
  }
  return { plan, rivals, trialSteps, verdictSteps, firstCycle: firstCycle(plan, left) };
}

/** Options that need several troughs ask for cycles; a wish to stop at one, for a plan that may be stopped. */
function defaultPlan<Batch>({ stopAtTrough, ...options }: AutoClrOptions<Batch>): Plan {
  const { patience, reductions, average, ensemble } = options;
  if (patience || reductions !== undefined || average || ensemble) return 'cycles';
  return stopAtTrough ? 'wsd' : 'decay';
}

const cycling = (plan: Plan): boolean => plan === 'cycles' || plan === 'fixed';

function checkTroughs<Batch>(plan: Plan, options: AutoClrOptions<Batch>, steps: number): void {
  if (cycling(plan)) return;
  const { patience, reductions, average, ensemble } = options;
  const advice = 'Choose such a plan, or leave out the other option.';
  if (patience || reductions !== undefined) {
    throw new PolicyError('plan', plan, "'cycles' or 'fixed', whose bounds patience can reduce", advice);
  }
  if (!(average || ensemble)) return;
  if (troughsWithin(shapeOf(plan as 'decay', steps, options.stepsPerEpoch), steps).length >= 2) return;
  throw new PolicyError('plan', plan, "'cycles', 'wsd' or another plan with two troughs or more", advice);
}

/** The length of the first cycle of a plan, which must fit into the steps: 1 where any length will do. */
function firstCycle(plan: Plan, steps: number): number {
  if (cycling(plan)) return 1;
  const shape = shapeOf(plan as 'decay', steps);
  return typeof plan === 'object' ? (troughsWithin(shape, steps)[0] ?? 1) : 1;
}
