import type { Trainable } from '@clr/core';

/** Numbers that must be equal bit for bit: all weights of a model, in an order that never changes. */
export type Weights = readonly Float32Array[];

/** One fresh model, made for one check. */
export interface TestModel<Batch> {
  /** The adapter under test. */
  readonly trainable: Trainable<Batch>;
  /** Copies of all weights as they are now. */
  weights(): Weights | Promise<Weights>;
  /** Frees what `create` made and `trainable.dispose()` leaves alone. */
  release?(): void | Promise<void>;
}

/** What {@link trainableChecks} has to know of an adapter. */
export interface Subject<Batch> {
  /** A fresh small model with plain SGD (no momentum, no weight decay): the same weights every time. */
  create(): TestModel<Batch> | Promise<TestModel<Batch>>;
  /** The same with SGD whose momentum can be set at every step. Absent: the adapter cannot. */
  createWithMomentum?(): TestModel<Batch> | Promise<TestModel<Batch>>;
  /**
   * The same as `create` with plain SGD whose weight decay or clipping can be set at every step, as `hyperparameters` of its
   * Trainable lists. Absent: the adapter takes neither.
   */
  createWithHyperparameters?(): TestModel<Batch> | Promise<TestModel<Batch>>;
  /** At least three batches, no two alike; if batches may differ in size, let these differ. */
  readonly batches: readonly Batch[];
  /** How many examples a batch has. */
  size(batch: Batch): number;
  /** Batches that must be refused, by what is wrong with them. */
  readonly badBatches: Readonly<Record<string, unknown>>;
  /** A rate at which one step moves the weights visibly and training goes well. Default 0.05. */
  readonly rate?: number;
  /** The optional methods of a Trainable that the adapter has; they are checked too. */
  readonly optional?: readonly ('average' | 'predictBatch' | 'constantAnswer' | 'batchSharpness')[];
  /**
   * A batch with the same targets and inputs that are all alike, such as zeros: from it a model can learn nothing but a
   * constant answer, which must be what `constantAnswer` says. Needed to check that method.
   */
  readonly blank?: (batch: Batch) => Batch;
  /** How many tensors, buffers or sessions are alive now. Absent: nothing is ever acquired. */
  liveResources?(): number | Promise<number>;
}
