export { autoClr } from './autoClr/autoClr.ts';
export type { AutoClrEvent, AutoClrOptions } from './autoClr/autoClrOptions.ts';
export type {
  AutoClrResult,
  BestState,
  Cost,
  Trial,
  TroughCombination,
  Verdict,
} from './autoClr/autoClrResult.ts';
export type { Plan, PlanName } from './autoClr/makePlan.ts';
export { type CyclePlan, type PlanCyclesOptions, planCycles } from './autoClr/planCycles.ts';
export { checkOptionNames } from './checkOptionNames.ts';
export { type CooldownOptions, cooldown } from './cooldown.ts';
export { ClrError, PolicyError, type Problem } from './errors.ts';
export { fitToCycles } from './fitToCycles.ts';
export { isPolicy } from './isPolicy.ts';
export { nearest } from './nearest.ts';
export { type AdagradOptimizer, type AdagradOptions, adagrad } from './optimizers/adagrad.ts';
export { type AdamOptimizer, type AdamOptions, type AdamWOptimizer, adam, adamW } from './optimizers/adam.ts';
export type { Optimizer } from './optimizers/optimizer.ts';
export { type RmsPropOptimizer, type RmsPropOptions, rmsProp } from './optimizers/rmsProp.ts';
export { type SgdOptimizer, type SgdOptions, sgd } from './optimizers/sgd.ts';
export { type UpdateState, updateDirection } from './optimizers/updateDirection.ts';
export { ownMomentum, takesMomentum, type UpdateKind, updateKindOf } from './optimizers/updateKind.ts';
export { parsePolicy } from './parsePolicy.ts';
export { type ConstantOptions, type ConstantPolicy, constant } from './policies/constant.ts';
export {
  type CosineRestartsOptions,
  type CosineRestartsPolicy,
  cosineRestarts,
} from './policies/cosineRestarts.ts';
export type { CycleOptions, MomentumRange } from './policies/cycle.ts';
export {
  type CyclicOptions,
  type CyclicPolicy,
  cyclic,
  type GeometricDecay,
  type HarmonicDecay,
} from './policies/cyclic.ts';
export { type DecayOptions, type DecayPolicy, decay } from './policies/decay.ts';
export { type ExpRangeOptions, type ExpRangePolicy, expRange } from './policies/expRange.ts';
export { type OneCycleOptions, type OneCyclePolicy, oneCycle } from './policies/oneCycle.ts';
export { type RampOptions, type RampPolicy, ramp } from './policies/ramp.ts';
export { type SequencePolicy, type Stage, sequence } from './policies/sequence.ts';
export { type TableOptions, type TablePolicy, table } from './policies/table.ts';
export type { DecayShape } from './policies/trapezoid.ts';
export { type TriangularOptions, type TriangularPolicy, triangular } from './policies/triangular.ts';
export { type Triangular2Options, type Triangular2Policy, triangular2 } from './policies/triangular2.ts';
export { type WsdOptions, type WsdPolicy, wsd } from './policies/wsd.ts';
export type { Policy } from './policy.ts';
export type { AccuracyReading } from './rangeTest/accuracyReading.ts';
export { type AnalyzeOptions, analyzeRangeTest } from './rangeTest/analyzeRangeTest.ts';
export { type BatchSharpness, batchSharpness } from './rangeTest/batchSharpness.ts';
export type {
  ClassicRules,
  Interval,
  RangeTestFinding,
  RangeTestLowerBound,
  RangeTestSuggestion,
} from './rangeTest/finding.ts';
export type { LossSmoothing } from './rangeTest/lossSmoothing.ts';
export { parseTrace } from './rangeTest/parseTrace.ts';
export { type PeakSource, peakFor } from './rangeTest/peakFor.ts';
export { rangeTest } from './rangeTest/rangeTest.ts';
export type { RangeTestOptions } from './rangeTest/rangeTestOptions.ts';
export type { RangeTestPoint, RangeTestTrace, SharpnessPoint } from './rangeTest/trace.ts';
export { undoSmoothing } from './rangeTest/undoSmoothing.ts';
export { type SampleOptions, sampleSchedule } from './sampleSchedule.ts';
export type { CustomSchedule, CyclePosition, Schedule, ScheduleState } from './schedule.ts';
export type { ScheduleLike } from './toSchedule.ts';
export { toSchedule } from './toSchedule.ts';
export type { Hyper } from './train/hyper.ts';
export { parseRun } from './train/parseRun.ts';
export type { CheckpointOptions } from './train/saver.ts';
export { type TrainOptions, type TroughEvent, train } from './train/train.ts';
export type { AbortSignalLike } from './trainable/abortSignal.ts';
export type { Batches, BatchPass } from './trainable/batches.ts';
export { type BatchPlace, batchesOf } from './trainable/batchesOf.ts';
export { checkHyperparameters } from './trainable/checkHyperparameters.ts';
export type { AverageState, Checkpoint } from './trainable/checkpoint.ts';
export { type ConstantTargets, constantAnswer } from './trainable/constantAnswer.ts';
export { type BatchLoss, directionalSharpness } from './trainable/directionalSharpness.ts';
export { type BatchMetrics, meanMetrics } from './trainable/meanMetrics.ts';
export type { Reduce } from './trainable/reduce.ts';
export type { Stopped, TrainingRun, TrainingStep, Trough } from './trainable/run.ts';
export {
  type StateDescription,
  type StateTensor,
  snapshotDifferences,
} from './trainable/snapshotDifferences.ts';
export type {
  Hyperparameters,
  Metrics,
  MetricWeights,
  Prediction,
  RestoreOptions,
  Snapshot,
  StepResult,
  Trainable,
} from './trainable/trainable.ts';
export type { Average, AverageOptions } from './troughs/averager.ts';
export { averageWeights } from './troughs/averageWeights.ts';
export { averagingWeights } from './troughs/averagingWeights.ts';
export { decayWeights } from './troughs/decayWeights.ts';
export { type Ensemble, ensemble } from './troughs/ensemble.ts';
export { type ReadTroughsOptions, readTroughs, type TroughReading } from './troughs/readTroughs.ts';
