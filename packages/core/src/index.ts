export { ClrError, PolicyError, type Problem } from './errors.ts';
export { type AdagradOptimizer, type AdagradOptions, adagrad } from './optimizers/adagrad.ts';
export { type AdamOptimizer, type AdamOptions, type AdamWOptimizer, adam, adamW } from './optimizers/adam.ts';
export type { Optimizer } from './optimizers/optimizer.ts';
export { type RmsPropOptimizer, type RmsPropOptions, rmsProp } from './optimizers/rmsProp.ts';
export { type SgdOptimizer, type SgdOptions, sgd } from './optimizers/sgd.ts';
export type { Hyperparameters, Metrics, Snapshot, StepResult, Trainable } from './train/trainable.ts';
