import { checkOptionNames } from '@clr/core';
import type { Check, TrainableCheck } from './check.ts';
import { abortsBetweenSteps } from './checks/abortsBetweenSteps.ts';
import { averagesSnapshots } from './checks/averagesSnapshots.ts';
import { constantAnswers } from './checks/constantAnswers.ts';
import { evaluateChangesNothing } from './checks/evaluateChangesNothing.ts';
import { evaluateWeighted } from './checks/evaluateWeighted.ts';
import { hyperparametersAct } from './checks/hyperparametersAct.ts';
import { independent } from './checks/independent.ts';
import { leaksNothing } from './checks/leaksNothing.ts';
import { lossBeforeUpdate } from './checks/lossBeforeUpdate.ts';
import { measuresSharpness } from './checks/measuresSharpness.ts';
import { momentumActs } from './checks/momentumActs.ts';
import { predictsWhatIsScored } from './checks/predictsWhatIsScored.ts';
import { rangeTestLeavesNoTrace } from './checks/rangeTestLeavesNoTrace.ts';
import { rateActs } from './checks/rateActs.ts';
import { refusesBadBatches } from './checks/refusesBadBatches.ts';
import { refusesBadHyperparameters } from './checks/refusesBadHyperparameters.ts';
import { refusesForeignSnapshots } from './checks/refusesForeignSnapshots.ts';
import { restoreExact } from './checks/restoreExact.ts';
import { resumes } from './checks/resumes.ts';
import { sameStart } from './checks/sameStart.ts';
import { saysItsUpdateKind } from './checks/saysItsUpdateKind.ts';
import { snapshotIndependent } from './checks/snapshotIndependent.ts';
import { survivesFaults } from './checks/survivesFaults.ts';
import { trainUnderPolicy } from './checks/trainUnderPolicy.ts';
import { updateProportional } from './checks/updateProportional.ts';
import type { Subject } from './subject.ts';

const checks: readonly TrainableCheck[] = [
  sameStart,
  saysItsUpdateKind,
  rateActs,
  updateProportional,
  momentumActs,
  hyperparametersAct,
  lossBeforeUpdate,
  trainUnderPolicy,
  snapshotIndependent,
  restoreExact,
  refusesForeignSnapshots,
  resumes,
  rangeTestLeavesNoTrace,
  abortsBetweenSteps,
  survivesFaults,
  evaluateChangesNothing,
  evaluateWeighted,
  averagesSnapshots,
  predictsWhatIsScored,
  constantAnswers,
  measuresSharpness,
  refusesBadBatches,
  refusesBadHyperparameters,
  independent,
  leaksNothing,
];

/**
 * All checks that an adapter must pass. Each check makes its own fresh models and frees them. With a test
 * runner, use {@link describeTrainable}.
 *
 * @param subject - how to make the adapter's Trainable, and what to feed it
 *
 * @example
 * ```ts
 * for (const check of trainableChecks(referenceSubject)) await check.run();
 * trainableChecks(referenceSubject)[2].name; // 'uses the rate of the current step'
 * ```
 */
export function trainableChecks<Batch>(subject: Subject<Batch>): readonly Check[] {
  checkOptionNames('clr/conformance', 'trainableChecks', subject, [
    ...([
      'create',
      'createWithMomentum',
      'createWithHyperparameters',
      'batches',
      'size',
      'badBatches',
      'rate',
    ] as const),
    ...(['optional', 'blank', 'liveResources'] as const),
  ]);
  return checks.map(({ name, run, skip }) => {
    const skipped = skip?.(subject);
    return { name, run: () => run(subject), ...(skipped !== undefined && { skipped }) };
  });
}
