import { checkOptionNames } from '@clr/core';
import type { Check, TrainableCheck } from './check.ts';
import { checkSubject } from './checkSubject.ts';
import { actsWithHyperparameters } from './checks/actsWithHyperparameters.ts';
import { actsWithMomentum } from './checks/actsWithMomentum.ts';
import { averagesSnapshots } from './checks/averagesSnapshots.ts';
import { changesNothingInEvaluate } from './checks/changesNothingInEvaluate.ts';
import { keepsStateOnFaults } from './checks/keepsStateOnFaults.ts';
import { leaksNothing } from './checks/leaksNothing.ts';
import { measuresSharpness } from './checks/measuresSharpness.ts';
import { metricsBeforeUpdate } from './checks/metricsBeforeUpdate.ts';
import { movesInProportion } from './checks/movesInProportion.ts';
import { predictsWhatIsScored } from './checks/predictsWhatIsScored.ts';
import { refusesBadBatches } from './checks/refusesBadBatches.ts';
import { refusesBadHyperparameters } from './checks/refusesBadHyperparameters.ts';
import { refusesForeignSnapshots } from './checks/refusesForeignSnapshots.ts';
import { restoresOptimizer } from './checks/restoresOptimizer.ts';
import { resumesWithSameBits } from './checks/resumesWithSameBits.ts';
import { sameBitsFromSameStart } from './checks/sameBitsFromSameStart.ts';
import { saysConstantAnswer } from './checks/saysConstantAnswer.ts';
import { saysItsUpdateKind } from './checks/saysItsUpdateKind.ts';
import { sharesNothing } from './checks/sharesNothing.ts';
import { snapshotsStayUnchanged } from './checks/snapshotsStayUnchanged.ts';
import { stopsBetweenSteps } from './checks/stopsBetweenSteps.ts';
import { trainsUnderPolicy } from './checks/trainsUnderPolicy.ts';
import { unchangedAfterRangeTest } from './checks/unchangedAfterRangeTest.ts';
import { usesCurrentRate } from './checks/usesCurrentRate.ts';
import { weightsEvaluation } from './checks/weightsEvaluation.ts';
import type { Subject } from './subject.ts';

const checks: readonly TrainableCheck[] = [
  sameBitsFromSameStart,
  saysItsUpdateKind,
  usesCurrentRate,
  movesInProportion,
  actsWithMomentum,
  actsWithHyperparameters,
  metricsBeforeUpdate,
  trainsUnderPolicy,
  snapshotsStayUnchanged,
  restoresOptimizer,
  refusesForeignSnapshots,
  resumesWithSameBits,
  unchangedAfterRangeTest,
  stopsBetweenSteps,
  keepsStateOnFaults,
  changesNothingInEvaluate,
  weightsEvaluation,
  averagesSnapshots,
  predictsWhatIsScored,
  saysConstantAnswer,
  measuresSharpness,
  refusesBadBatches,
  refusesBadHyperparameters,
  sharesNothing,
  leaksNothing,
];

/**
 * All checks that an adapter must pass. Each check makes its own fresh models and frees them. With a test
 * runner, use {@link describeTrainable}.
 *
 * @param subject - makes the adapter's Trainable and its batches
 * @throws {ClrError} if a field of the subject is missing, unknown or bad
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
  checkSubject(subject);
  return checks.map(({ name, run, skip }) => {
    const skipped = skip?.(subject);
    return { name, run: () => run(subject), ...(skipped !== undefined && { skipped }) };
  });
}
