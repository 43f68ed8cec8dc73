import { checkOptionNames } from '../checkOptionNames.ts';
import { ClrError, PolicyError } from '../errors.ts';
import { integer, list, oneOf, type Read, stepCount } from '../fields.ts';
import { readPolicy } from '../policies/readPolicy.ts';
import { minSweep } from '../rangeTest/calibration.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import { toSchedule } from '../toSchedule.ts';
import { createSaver } from '../train/saver.ts';
import { checkSignal } from '../trainable/abortSignal.ts';
import { type Batches, checkBatches, checkPass } from '../trainable/batches.ts';
import { checkTrainable } from '../trainable/checkTrainable.ts';
import { requireMethod } from '../trainable/requireMethod.ts';
import type { Trainable } from '../trainable/trainable.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import { roomForTest, stepsOfTrial } from './budget.ts';
import { makePlan, type Plan, type PlanName, type TrainingPlan, troughsWithin } from './makePlan.ts';

/** The plans of an `autoClr` run and their shares of the budget. */
export interface Choice {
  readonly plan: Plan;
  /** The plans that a verdict compares with `plan`. Empty without a verdict. */
  readonly rivals: readonly Plan[];
  /** The steps of each trial of the verdict, and of all trials together. */
  readonly trialSteps: number;
  readonly verdictSteps: number;
  /** The fewest steps that the plan can be trained for. */
  readonly firstCycle: number;
  /** True if a sweep can serve as the plan's warm-up. */
  readonly warms: boolean;
}

const names = [
  ...([
    'steps',
    'stepsPerEpoch',
    'validation',
    'plan',
    'verdict',
    'updatesPerRate',
    'patience',
    'reductions',
  ] as const),
  ...(['average', 'ensemble', 'checkpoint', 'from', 'signal', 'stopAtTrough', 'onEvent'] as const),
] as const;

/** Checks all arguments of `autoClr` before anything changes. */
export function checkOptions<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: AutoClrOptions<Batch>,
): Choice {
  checkTrainable(trainable);
  const { steps, updatesPerRate, validation } = checkOptionNames('clr/core', 'autoClr', options, names);
  integer(2)(steps, 'steps');
  for (const name of ['steps', 'stepsPerEpoch', 'updatesPerRate', 'patience'] as const) {
    if (options[name] !== undefined) stepCount(options[name], name);
  }
  if (options.reductions !== undefined) integer(0)(options.reductions, 'reductions');
  const room = roomForTest(steps);
  if (updatesPerRate && updatesPerRate * minSweep.steps > room) {
    const expected = `at most ${Math.floor(room / minSweep.steps)}: ${minSweep.steps} rates must fit into the ${room} steps of the range test`;
    throw new PolicyError('updatesPerRate', updatesPerRate, expected, 'Give more `steps`.');
  }
  checkSignal('signal', options.signal);
  checkSignal('stopAtTrough', options.stopAtTrough);
  createSaver(trainable, options.checkpoint, { step: 0 });
  checkBatches('batches', batches, true);
  if (validation) checkPass('validation', validation);
  else if (options.patience || options.average || options.ensemble) {
    throw new ClrError('clr/core', {
      expected: 'validation batches, because patience, average and ensemble compare troughs on them',
      received: 'none',
      advice: 'Give held-out batches.',
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

/** Checks that each plan fits into its steps, and has the troughs that other options need. */
function checkPlans<Batch>(options: AutoClrOptions<Batch>, steps: number): Choice {
  const { plan: given = defaultPlan(options), verdict = false, stepsPerEpoch } = options;
  const plan = readPlan(given, 'plan') as Plan;
  const rivals = (verdict ? readPlans(verdict === true ? ['fixed'] : verdict, 'verdict') : []) as Plan[];
  const trials = verdict ? 1 + rivals.length : 0;
  const trialSteps = verdict ? stepsOfTrial(options.steps, trials) : 0;
  if (verdict && trialSteps === 0) {
    const expected = `enough for ${trials} trials of at least 10 steps each in a fifth of the budget`;
    throw new PolicyError('steps', options.steps, expected, 'Give more steps, or leave out `verdict`.');
  }
  const verdictSteps = trials * trialSteps;
  const left = Math.max(1, steps - verdictSteps);
  for (const each of [plan, ...rivals]) {
    checkTroughs(each, options, makePlan(each, anyFinding, left, stepsPerEpoch));
    if (verdict) makePlan(each, anyFinding, trialSteps, stepsPerEpoch);
  }
  const { cycleEnd } = typeof plan === 'object' ? toSchedule(plan).at(0) : { cycleEnd: 1 };
  return {
    plan,
    rivals,
    trialSteps,
    verdictSteps,
    firstCycle: cycleEnd < Infinity ? cycleEnd : 1,
    warms: plan === 'decay' && trials === 0,
  };
}

/** Placeholder rates, to check before the range test that a plan can be made. */
const anyFinding = { suggestion: { baseLr: 1, maxLr: 1, fixedLr: 1, steps: 1 } } as RangeTestFinding;

/** The default plan: cycles if an option needs several troughs, and `wsd` if training may be stopped at a trough. */
function defaultPlan<Batch>({ stopAtTrough, ...options }: AutoClrOptions<Batch>): PlanName {
  const { patience, reductions, average, ensemble } = options;
  if (patience || reductions !== undefined || average || ensemble) return 'cycles';
  return stopAtTrough ? 'wsd' : 'decay';
}

function checkTroughs<Batch>(plan: Plan, options: AutoClrOptions<Batch>, made: TrainingPlan): void {
  const { patience, reductions, average, ensemble } = options;
  const advice = 'Choose such a plan, or leave out the option that needs it.';
  if ((patience || reductions !== undefined) && plan !== 'cycles' && plan !== 'fixed') {
    throw new PolicyError(
      'plan',
      plan,
      "'cycles' or 'fixed', because patience and reductions work only with these",
      advice,
    );
  }
  if ((average || ensemble) && troughsWithin(made.policy, made.steps).length < 2) {
    const expected = "'cycles', 'wsd' or another plan with two troughs or more, for average and ensemble";
    throw new PolicyError('plan', plan, expected, advice);
  }
}
