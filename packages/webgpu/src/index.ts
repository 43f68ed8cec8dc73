export { type RequestDeviceOptions, requestDevice } from './device/requestDevice.ts';
export { GpuError, type GpuFault } from './errors.ts';
export { createOptimizer, type GpuOptimizer } from './optimizer/createOptimizer.ts';
export type { OptimizerCounters, OptimizerOptions } from './optimizer/engine.ts';
export type { Parameter } from './optimizer/groups.ts';
export type { GuardOptions, LossScale } from './optimizer/guard.ts';
export { createTrainable, type GpuTrainable, type TrainableOptions } from './train/createTrainable.ts';
export type { GpuSnapshot } from './train/snapshot.ts';
