export { type RequestDeviceOptions, requestDevice } from './device/requestDevice.ts';
export { GpuError, type GpuFault } from './errors.ts';
export type { LayerData } from './network/completeLayer.ts';
export { createTrainer } from './network/createTrainer.ts';
export {
  type ActivationLayer,
  avgPool,
  type BatchNormLayer,
  batchNorm,
  type Conv2dLayer,
  conv2d,
  type DenseLayer,
  type DropoutLayer,
  dense,
  dropout,
  type Layer,
  maxPool,
  type PoolLayer,
  type PoolOptions,
  relu,
  sigmoid,
  tanh,
} from './network/layers.ts';
export { hwcFromChw, hwioFromOihw, inOutFromOutIn } from './network/layouts.ts';
export {
  type Loss,
  type NamedTensor,
  type Network,
  type NetworkOptions,
  network,
  type PlacedLayer,
  type Shape,
} from './network/network.ts';
export type { Batch, GpuTrainer, HostTensor, StepsResult, TrainerOptions } from './network/trainer.ts';
export { createOptimizer, type GpuOptimizer } from './optimizer/createOptimizer.ts';
export type { OptimizerCounters, OptimizerOptions } from './optimizer/engine.ts';
export type { GradientCheckOptions, LossScale } from './optimizer/gradientCheck.ts';
export type { Parameter } from './optimizer/parameter.ts';
export { createTrainable, type GpuTrainable, type TrainableOptions } from './train/createTrainable.ts';
export type { GpuSnapshot, SavedTensor } from './train/snapshot.ts';
