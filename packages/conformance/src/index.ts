export type { Check } from './check.ts';
export { describeTrainable, type Runner } from './describeTrainable.ts';
export { ranksInProcess } from './reduce/ranksInProcess.ts';
export { type ReduceCheck, reduceChecks } from './reduce/reduceChecks.ts';
export { referenceSubject } from './reference/referenceSubject.ts';
export {
  type ReferenceBatch,
  type ReferenceOptions,
  type ReferenceTrainable,
  referenceTrainable,
} from './reference/referenceTrainable.ts';
export type { Subject, TestModel, Weights } from './subject.ts';
export { trainableChecks } from './trainableChecks.ts';
