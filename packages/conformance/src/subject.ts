import type { Trainable } from '@clr/core';

/** All weights of a model, in a fixed order. They are compared bit for bit. */
export type Weights = readonly Float32Array[];

/** A fresh model for one check. */
export interface TestModel<Batch> {
  /** The adapter under test. */
  readonly trainable: Trainable<Batch>;
  /** Copies of all current weights. */
  weights(): Weights | Promise<Weights>;
  /** Frees resources that `create` made and that `trainable.dispose()` does not free. */
  release?(): void | Promise<void>;
}

/** The information about an adapter that {@link trainableChecks} needs. */
export interface Subject<Batch> {
  /** Makes a fresh small model with plain SGD (no momentum, no weight decay). Its weights are the same every time. */
  create(): TestModel<Batch> | Promise<TestModel<Batch>>;
  /**
   * Makes the same model with SGD whose momentum can be set at every step. Leave it out if the adapter cannot do this.
   */
  createWithMomentum?(): TestModel<Batch> | Promise<TestModel<Batch>>;
  /**
   * Makes the same model as `create`, with plain SGD whose weight decay or clipping can be set at every step, as listed
   * in `hyperparameters` of its Trainable. Leave it out if the adapter supports neither.
   */
  createWithHyperparameters?(): TestModel<Batch> | Promise<TestModel<Batch>>;
  /** At least three batches, no two alike. If batches may differ in size, these should differ. */
  readonly batches: readonly Batch[];
  /** The number of examples in a batch. */
  size(batch: Batch): number;
  /** Batches that must be refused. Each key names the fault of its batch. */
  readonly badBatches: Readonly<Record<string, unknown>>;
  /** A rate at which one step changes the weights visibly and training goes well. Default 0.05. */
  readonly rate?: number;
  /** The optional methods of a Trainable that the adapter has. They are checked too. */
  readonly optional?: readonly ('average' | 'predictBatch' | 'constantAnswer' | 'batchSharpness')[];
  /**
   * Returns a batch with the same targets and identical inputs, such as zeros. From such batches a model can only learn
   * a constant answer, and its metrics must agree with `constantAnswer`. Needed to check that method.
   */
  readonly blank?: (batch: Batch) => Batch;
  /** The number of live tensors, buffers or sessions. Leave it out if the adapter never acquires any. */
  liveResources?(): number | Promise<number>;
}
