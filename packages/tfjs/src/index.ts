export type { CallbackClasses } from './adoptCallbacks.ts';
export { type CyclicLR, type CyclicLROptions, cyclicLR, resumeCyclicLR } from './cyclicLR.ts';
export { disposeOptimizer } from './disposeOptimizer.ts';
export type { OptimizerLike } from './optimizerKind.ts';
export { type Progress, savedProgress } from './progress.ts';
export { setHyperparameters } from './setHyperparameters.ts';
