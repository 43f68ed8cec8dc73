export type { OptimizerLike } from './optimizerKind.ts';
export { setHyperparameters } from './setHyperparameters.ts';
