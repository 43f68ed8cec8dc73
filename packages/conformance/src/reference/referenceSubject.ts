import type { Subject, TestModel } from '../subject.ts';
import { type ReferenceBatch, type ReferenceOptions, referenceTrainable } from './referenceTrainable.ts';

const sizes = { features: 4, classes: 3 };

function create(options: ReferenceOptions): TestModel<ReferenceBatch> {
  const trainable = referenceTrainable(options);
  return { trainable, weights: () => [trainable.weights.slice()] };
}

/** Batches of different sizes, the same in every run. No two are alike. */
const batches: readonly ReferenceBatch[] = [5, 8, 3, 8].map((count, batch) => ({
  features: Array.from({ length: count }, (_, row) =>
    Array.from({ length: sizes.features }, (_, column) => Math.cos(batch * 31 + row * 7 + column * 3)),
  ),
  classes: Array.from({ length: count }, (_, row) => (row * 2 + batch) % sizes.classes),
}));

/**
 * The {@link referenceTrainable} as a subject that passes all checks. Use it as a pattern for the subject of your own
 * adapter.
 *
 * @example
 * ```ts
 * referenceSubject.batches.map(referenceSubject.size); // [5, 8, 3, 8]
 * ```
 */
export const referenceSubject: Subject<ReferenceBatch> = {
  create: () => create(sizes),
  createWithMomentum: () => create({ ...sizes, momentum: 0.9 }),
  createWithHyperparameters: () => create(sizes),
  batches,
  size: ({ classes }) => classes.length,
  badBatches: {
    nothing: undefined,
    'a batch without classes': { features: [[1, 2, 3, 4]] },
    'a batch without examples': { features: [], classes: [] },
    'a row too short': { features: [[1, 2, 3]], classes: [0] },
    'a class out of range': { features: [[1, 2, 3, 4]], classes: [3] },
    'a class that is text': { features: [[1, 2, 3, 4]], classes: ['1'] },
  },
  rate: 0.1,
  optional: ['average', 'predictBatch', 'constantAnswer', 'batchSharpness'],
  blank: ({ features, classes }) => ({ features: features.map((row) => row.map(() => 0)), classes }),
};
