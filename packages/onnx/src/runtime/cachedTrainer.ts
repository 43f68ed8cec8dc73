import type {
  Hyperparameters,
  Metrics,
  Prediction,
  RestoreOptions,
  StepResult,
  Trainable,
  UpdateKind,
} from '@clr/core';
import type { Forms } from '../lower/question.ts';
import type { UntrainedTensor } from '../training/trainingModel.ts';
import type { ExportOptions } from './checkExport.ts';
import { dataFault } from './dataFault.ts';
import type { FeatureCache } from './featureCache.ts';
import type { OnnxTrainer, ParameterData } from './onnxTrainer.ts';
import type { Batch } from './ort.ts';
import { Queue } from './queue.ts';
import type { OnnxSnapshot } from './snapshot.ts';

type Batches = Iterable<Batch> | AsyncIterable<Batch>;

/**
 * Trains a model's head, the part after the frozen body, on cached features. Its methods take batches of the whole
 * model.
 */
export class CachedTrainer implements OnnxTrainer {
  readonly updateKind: UpdateKind;
  readonly momentum: number;
  readonly hyperparameters: readonly string[];
  readonly untrained: readonly UntrainedTensor[];
  readonly predictBatch?: (batch: Batch) => Promise<Prediction>;
  readonly constantAnswer?: NonNullable<Trainable<Batch>['constantAnswer']>;
  readonly renewStatistics?: (batch: Batch) => Promise<void>;
  readonly #head: OnnxTrainer;
  readonly #cache: FeatureCache;
  readonly #export: (head: Uint8Array) => Uint8Array;
  /** Batches are converted in the order of the calls. */
  readonly #queue = new Queue();
  #disposing: Promise<void> | undefined;

  /** @param exportWhole - writes the weights of a trained head into the whole model */
  constructor(head: OnnxTrainer, cache: FeatureCache, exportWhole: (head: Uint8Array) => Uint8Array) {
    this.#head = head;
    this.#cache = cache;
    this.#export = exportWhole;
    this.updateKind = head.updateKind as UpdateKind;
    this.momentum = head.momentum as number;
    this.hyperparameters = head.hyperparameters;
    this.untrained = head.untrained;
    const { predictBatch, constantAnswer, renewStatistics } = head;
    if (predictBatch) this.predictBatch = async (batch) => predictBatch(await this.#of(batch));
    if (constantAnswer) this.constantAnswer = async (batches) => constantAnswer(this.#all(batches));
    if (renewStatistics) this.renewStatistics = async (batch) => renewStatistics(await this.#of(batch));
  }

  get forms(): Forms {
    return this.#head.forms;
  }

  #of(batch: Batch): Promise<Batch> {
    return this.#queue.run(() => this.#cache.batchOf(batch));
  }

  async *#all(batches: Batches): AsyncGenerator<Batch> {
    for await (const batch of batches) yield this.#of(batch);
  }

  async trainStep(batch: Batch | readonly Batch[], hyper: Hyperparameters): Promise<StepResult> {
    if (!Array.isArray(batch)) return this.#head.trainStep(await this.#of(batch as Batch), hyper);
    return this.#head.trainStep(
      await Promise.all((batch as readonly Batch[]).map((part) => this.#of(part))),
      hyper,
    );
  }

  evaluate(batches: Batches): Promise<Metrics> {
    return this.#head.evaluate(this.#all(batches));
  }

  parameters(): Promise<Map<string, ParameterData>> {
    return this.#head.parameters();
  }

  async gradients(batch: Batch): Promise<Map<string, ParameterData>> {
    return this.#head.gradients(await this.#of(batch));
  }

  async batchSharpness(batch: Batch): Promise<number> {
    return this.#head.batchSharpness(await this.#of(batch));
  }

  dataFault(batch: Batch | readonly Batch[]): string | undefined {
    return dataFault(batch);
  }

  async exportModel(options: ExportOptions = {}): Promise<Uint8Array> {
    return this.#export(await this.#head.exportModel(options));
  }

  snapshot(): Promise<OnnxSnapshot> {
    return this.#head.snapshot() as Promise<OnnxSnapshot>;
  }

  restore(snapshot: object, options?: RestoreOptions): Promise<void> {
    return this.#head.restore(snapshot, options);
  }

  average(snapshots: readonly object[], weights?: readonly number[]): Promise<OnnxSnapshot> {
    return this.#head.average(snapshots, weights);
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#release();
    return this.#disposing;
  }

  async #release(): Promise<void> {
    await this.#queue.close();
    await this.#head.dispose();
    await this.#cache.release();
  }
}
