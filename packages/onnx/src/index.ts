export { UnsupportedOperatorError } from './errors.ts';
export { type BuildModelOptions, buildModel } from './layers/buildModel.ts';
export type { Initialization } from './layers/initialize.ts';
export type {
  AttentionSpec,
  BatchNormSpec,
  ConvSpec,
  DenseSpec,
  DropoutSpec,
  EmbeddingSpec,
  LayerNormSpec,
  LayerSpec,
  PlainSpec,
  PoolSpec,
  PositionsSpec,
  RecurrentSpec,
  ResidualSpec,
} from './layers/layer.ts';
export type { CrossEntropyLoss, CtcLoss, HuberLoss, Loss, LossTerm, OutputLoss } from './loss/loss.ts';
export type { Forms } from './lower/question.ts';
export type { Sizes } from './read/sizes.ts';
export type { ExportOptions } from './runtime/checkExport.ts';
export { createTrainer, type TrainerOptions } from './runtime/createTrainer.ts';
export type { ExampleId, ExampleIds } from './runtime/featureCache.ts';
export type { OnnxTrainer, ParameterData } from './runtime/onnxTrainer.ts';
export type { Batch, Ort } from './runtime/ort.ts';
export type { ExternalData } from './runtime/readModelFile.ts';
export type { OnnxSnapshot, SavedLayout } from './runtime/snapshot.ts';
export { addLora, type LoraOptions } from './surgery/addLora.ts';
export { type AppendDenseOptions, appendDense } from './surgery/appendDense.ts';
export { cutAt } from './surgery/cutAt.ts';
export { describeHead, type HeadDescription, type HeadOptions } from './surgery/describeHead.ts';
export { forInference } from './surgery/forInference.ts';
export { type FreezeBatchNormOptions, freezeBatchNorm } from './surgery/freezeBatchNorm.ts';
export { type FreezeExceptOptions, freezeExcept } from './surgery/freezeExcept.ts';
export { isLora } from './surgery/isLora.ts';
export { type LoadLoraOptions, loadLora } from './surgery/loadLora.ts';
export { mergeLora } from './surgery/mergeLora.ts';
export { type QuantizeWeightsOptions, quantizeWeights } from './surgery/quantizeWeights.ts';
export { type ReplaceHeadOptions, replaceHead } from './surgery/replaceHead.ts';
export { type LoraFiles, type SaveLoraOptions, saveLora } from './surgery/saveLora.ts';
export type { FloatArray, Part } from './training/buckets.ts';
export {
  buildApplyModel,
  buildEvaluationModel,
  buildGradientModel,
  buildTrainingModel,
} from './training/build.ts';
export {
  type DescribeOptions,
  describeModel,
  type InputDescription,
  type MissingGradient,
  type ModelDescription,
  type StepMemory,
  type WeightDescription,
  type WeightUse,
} from './training/describeModel.ts';
export { formatModel } from './training/formatModel.ts';
export { buildInitialState } from './training/initialState.ts';
export type { BuildOptions, ParameterGroup, TrainingOptions } from './training/options.ts';
export type {
  StateTensor,
  TargetInfo,
  TensorInfo,
  TrainingModel,
  UntrainedTensor,
} from './training/trainingModel.ts';
