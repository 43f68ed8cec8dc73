import {
  checkHyperparameters,
  constantAnswer,
  type Hyperparameters,
  type Metrics,
  meanMetrics,
  type Prediction,
  type RestoreOptions,
  type StepResult,
  type Trainable,
  takesMomentum,
  type UpdateKind,
  updateKindOf,
} from '@clr/core';
import { fail } from '../errors.ts';
import { locateTensors, patchTensors, type Wanted } from '../format/patch.ts';
import { type Term, termsOf } from '../loss/terms.ts';
import { show } from '../show.ts';
import type { FloatArray } from '../training/buckets.ts';
import type { BuildOptions } from '../training/options.ts';
import type { Prepared } from '../training/prepare.ts';
import type { TrainingModel, UntrainedTensor } from '../training/trainingModel.ts';
import { checkBatch } from './checkBatch.ts';
import { constantTargets, hasConstantAnswer } from './constantTargets.ts';
import { orExplained } from './explainRefusal.ts';
import { examplesIn, lossWeight } from './lossWeight.ts';
import type { Batch, InferenceSession, Ort, Tensor } from './ort.ts';
import { providerOf } from './provider.ts';
import { type Runner, Runners } from './runners.ts';
import { scoreOutputs } from './scoreOutputs.ts';
import { fitSnapshot, type OnnxSnapshot, optimizerName, type SnapshotOwner } from './snapshot.ts';
import { StateVectors } from './stateVectors.ts';
import { WeightedMean } from './weightedMean.ts';

/** A parameter's or gradient's shape and elements, row-major. */
export interface ParameterData {
  readonly dims: number[];
  readonly data: Float32Array;
}

/** An ONNX model with its optimizer, as core trains it. */
export interface OnnxTrainer extends Trainable<Batch> {
  /**
   * One update. Several batches count as one large batch (gradient accumulation): their gradients are
   * averaged, each by its size, before the update. Batch normalisation still sees each batch by itself.
   * The loss is the one before the update. It is NaN if the update leaves a parameter or running statistic that is not
   * finite, even if the forward pass would hide it: `train` and `rangeTest` then stop as diverged.
   *
   * A batch is not copied (copying takes up to three quarters of a small step): changing its data before the promise
   * resolves changes the result. Afterwards the same memory may hold the next batch; `train()` waits for each step.
   */
  trainStep(batch: Batch | readonly Batch[], hyper: Hyperparameters): Promise<StepResult>;
  snapshot(): Promise<OnnxSnapshot>;
  average(snapshots: readonly object[]): Promise<OnnxSnapshot>;
  /**
   * Float tensors of more than one element that reach the loss and are not trained, each with the reason: masks that
   * are not finite, quantisation scales, constants of a formula. `trainable` can name them.
   */
  readonly untrained: readonly UntrainedTensor[];
  /** The current values of the trained weights, by name; copies. */
  parameters(): Promise<Map<string, ParameterData>>;
  /** The gradients of the loss of a batch, by parameter; changes nothing. */
  gradients(batch: Batch): Promise<Map<string, ParameterData>>;
  /** The original model with the trained weights and running statistics; every other byte is the same. */
  exportModel(): Promise<Uint8Array>;
}

/** Runs a session. If a kernel refuses, the trainer is unchanged. */
function run(
  { model, session }: Runner,
  feeds: Readonly<Record<string, Tensor>>,
  fetches: InferenceSession.FetchesType,
): Promise<Readonly<Record<string, Tensor>>> {
  return orExplained(session.run(feeds, fetches), {
    bytes: model.bytes,
    expected: 'a model and a batch that ONNX Runtime can run',
    advice: 'Check the sizes of the batch, and the model with onnx.checker.',
  });
}

/** The tensors of the file that training changes. */
function storedTensors({ state, places }: TrainingModel): Wanted[] {
  const stored = state.filter(({ role }) => role === 'parameters' || role === 'buffers');
  return stored.flatMap(({ parts }) =>
    parts.map(({ name, dims }) => ({
      name,
      place: places[name] as string,
      count: dims.reduce((size, dim) => size * dim, 1),
    })),
  );
}

/** Each micro-batch of a step gets its own dropout masks; after this many they repeat. */
const mostParts = 4096n;

const disposed = (): Error =>
  fail('a trainer that has not been disposed of', 'a call after dispose()', 'Create a new trainer.');

const isList = (batch: Batch | readonly Batch[]): batch is readonly Batch[] => Array.isArray(batch);

/** The batches of a pass, with those that make one update one by one. */
async function* parts(batches: Iterable<Batch | readonly Batch[]> | AsyncIterable<Batch | readonly Batch[]>) {
  for await (const batch of batches) yield* isList(batch) ? batch : [batch];
}

const toFloat32 = (data: FloatArray): Float32Array => Float32Array.from(data);

/** The trainer behind `createTrainer`. */
export class Trainer implements OnnxTrainer {
  readonly updateKind: UpdateKind;
  readonly #ort: Ort;
  readonly #source: Uint8Array;
  readonly #places: Readonly<Record<string, string>>;
  readonly untrained: readonly UntrainedTensor[];
  readonly #options: BuildOptions;
  readonly #terms: readonly Term[];
  readonly #runners: Runners;
  readonly #state: StateVectors;
  /** What a snapshot is checked against. */
  readonly #owner: SnapshotOwner;
  /** Absent when the model computes its own loss, because then no output is known to be the prediction. */
  readonly predictBatch?: (batch: Batch) => Promise<Prediction>;
  /** Absent for the same reason. */
  readonly constantAnswer?: NonNullable<Trainable<Batch>['constantAnswer']>;
  /** Absent when the model has no running statistics. */
  readonly renewStatistics?: (batch: Batch) => Promise<void>;
  /** Losses on their way from the device: nothing may be released under them. */
  readonly #reads = new Set<Promise<number>>();
  #steps = 0;
  #disposing: Promise<void> | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    ort: Ort,
    from: { readonly source: Uint8Array; readonly model: Uint8Array; readonly prepared: Prepared },
    session: InferenceSession.SessionOptions,
    first: TrainingModel,
  ) {
    const { source, model, prepared } = from;
    const { options } = prepared;
    this.updateKind = updateKindOf(options.optimizer);
    this.#ort = ort;
    this.#source = source;
    this.#options = options;
    this.#terms = termsOf(options);
    const onDevice = providerOf(session) === 'webgpu' && session.preferredOutputLocation === undefined;
    // Before any training: could the result be written back?
    locateTensors(source, storedTensors(first));
    this.#places = first.places;
    this.untrained = first.untrained;
    const { state, graph = '' } = first;
    this.#owner = { optimizer: optimizerName(options.optimizer), graph, state };
    this.#state = new StateVectors(ort, first.state, session, onDevice);
    const locations = onDevice && { locations: (step: TrainingModel) => this.#stepLocations(step) };
    this.#runners = new Runners(ort, { prepared, source: model, session, ...locations }, first);
    const [term] = this.#terms;
    if (term && this.#terms.length === 1 && term.type !== 'model') {
      this.predictBatch = (batch) => this.#predict(batch, term);
      if (hasConstantAnswer(term)) {
        this.constantAnswer = (batches) =>
          constantAnswer(parts(batches), async (batch) => {
            const { model } = await this.#runners.of('step', batch);
            checkBatch(model, batch);
            const [info] = model.targets;
            return constantTargets(term, batch[info?.name ?? ''] as Tensor, info?.axis ?? 1);
          });
      }
    }
    if (first.state.some(({ role }) => role === 'buffers')) {
      this.renewStatistics = (batch) => this.#renewStatistics(batch);
    }
  }

  /** Resolves when the first session stands. */
  async ready(): Promise<void> {
    await this.#runners.ready();
  }

  async trainStep(batch: Batch | readonly Batch[], hyper: Hyperparameters): Promise<StepResult> {
    const { optimizer } = this.#options;
    checkHyperparameters(hyper, this.updateKind, takesMomentum(optimizer));
    if (isList(batch)) return this.#inTurn(() => this.#accumulate(batch, hyper));
    return this.#inTurn(async () => {
      const { model, session } = await this.#runners.of('step', batch);
      checkBatch(model, batch);
      const feeds = { ...this.#feeds(model, batch), ...this.#scalars(model, hyper) };
      const results = await run({ model, session }, feeds, {
        ...this.#metrics(model),
        ...this.#state.fetches(model),
      });
      this.#state.advance(results);
      this.#steps += 1;
      return this.#result(model, results);
    });
  }

  /** Averages the gradients of several batches, then makes one update. A failure leaves no trace. */
  async #accumulate(batches: readonly Batch[], hyper: Hyperparameters): Promise<StepResult> {
    const [head] = batches;
    if (!head) throw fail('at least one batch', 'an empty list', 'Leave empty steps out.');
    for (const batch of batches) checkBatch((await this.#runners.of('gradients', batch)).model, batch);
    const mean = new WeightedMean();
    // Only running statistics change before the update.
    const { state } = (await this.#runners.of('gradients', head)).model;
    const before = state.some(({ role }) => role === 'buffers') ? await this.#state.save() : undefined;
    try {
      for (const [part, batch] of batches.entries()) {
        const { model, session } = await this.#runners.of('gradients', batch);
        const vectors = (model.gradients ?? []).map(({ name }) => name);
        const results = await run({ model, session }, this.#feeds(model, batch, part), {
          ...this.#metrics(model),
          ...this.#state.fetches(model),
          ...Object.fromEntries(vectors.map((name) => [name, null])),
        });
        this.#state.advance(results);
        const { loss, accuracy } = this.#result(model, results);
        mean.add(lossWeight(this.#terms, model, batch), {
          loss: Float64Array.of(await loss),
          ...(accuracy === undefined ? {} : { accuracy: Float64Array.of(await accuracy) }),
          ...Object.fromEntries(vectors.map((name) => [name, results[name]?.data as FloatArray])),
        });
      }
      const { loss, accuracy, ...gradients } = mean.result();
      const { model, session } = await this.#runners.of('apply', head);
      const feeds = {
        ...this.#feeds(model, {}),
        ...this.#scalars(model, hyper),
        ...this.#tensors(gradients),
      };
      const spoiled = model.spoiled as string;
      const results = await run({ model, session }, feeds, {
        [spoiled]: null,
        ...this.#state.fetches(model),
      });
      this.#state.advance(results);
      this.#steps += 1;
      const total = (loss?.[0] ?? Number.NaN) + Number(results[spoiled]?.data[0]);
      return { loss: total, ...(accuracy ? { accuracy: accuracy[0] as number } : {}) };
    } catch (error) {
      if (before) this.#state.putBack(before);
      throw error;
    }
  }

  #tensors(vectors: Readonly<Record<string, FloatArray>>): Record<string, Tensor> {
    return Object.fromEntries(
      Object.entries(vectors).map(([name, data]) => [
        name,
        data instanceof Float64Array
          ? new this.#ort.Tensor('float64', data, [data.length])
          : new this.#ort.Tensor('float32', data, [data.length]),
      ]),
    );
  }

  async evaluate(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics> {
    return meanMetrics(batches, (batch) =>
      this.#inTurn(async () => {
        const { model, session } = await this.#runners.of('evaluation', batch);
        checkBatch(model, batch);
        const results = await run({ model, session }, this.#feeds(model, batch), this.#metrics(model));
        return { examples: examplesIn(model, batch, this.#terms), ...this.#result(model, results) };
      }),
    );
  }

  async parameters(): Promise<Map<string, ParameterData>> {
    return this.#inTurn(async () => {
      const parts = await this.#state.parts('parameters');
      return new Map(parts.map(({ name, dims, data }) => [name, { dims: [...dims], data: toFloat32(data) }]));
    });
  }

  async gradients(batch: Batch): Promise<Map<string, ParameterData>> {
    return this.#inTurn(async () => {
      const { model, session } = await this.#runners.of('gradients', batch);
      checkBatch(model, batch);
      const vectors = model.gradients ?? [];
      const results = await run(
        { model, session },
        this.#feeds(model, batch),
        vectors.map(({ name }) => name),
      );
      const entries = vectors.flatMap(({ name, parts }) => {
        const vector = results[name]?.data as FloatArray;
        return parts.map((part): [string, ParameterData] => {
          const length = part.dims.reduce((size, dim) => size * dim, 1);
          const data = toFloat32(vector.subarray(part.offset, part.offset + length));
          return [part.name, { dims: [...part.dims], data }];
        });
      });
      return new Map(entries);
    });
  }

  async exportModel(): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const parts = await this.#state.parts('parameters', 'buffers');
      return patchTensors(
        this.#source,
        parts.map(({ name, data }) => ({ name, place: this.#places[name] as string, data })),
      );
    });
  }

  async snapshot(): Promise<OnnxSnapshot> {
    return this.#inTurn(async () => ({
      format: 'clr/onnx',
      version: 2,
      step: this.#steps,
      optimizer: this.#owner.optimizer,
      graph: this.#owner.graph,
      layout: this.#state.layout(),
      state: await this.#state.save(),
    }));
  }

  async restore(snapshot: object, options: RestoreOptions = {}): Promise<void> {
    const partial = options?.partial ?? false;
    if (typeof options !== 'object' || typeof partial !== 'boolean') {
      throw fail(
        'partial to be true or false',
        `options = ${show(options)}, partial = ${show(partial)}`,
        'Pass { partial: true } to take what fits, or nothing.',
      );
    }
    const fitting = fitSnapshot(this.#owner, snapshot, partial);
    return this.#inTurn(async () => {
      await this.#state.load(fitting);
      if (fitting.sameOptimizer) this.#steps = fitting.step;
    });
  }

  async average(snapshots: readonly object[]): Promise<OnnxSnapshot> {
    if (this.#disposing) throw disposed();
    if (!Array.isArray(snapshots)) {
      throw fail('a list of snapshots', show(snapshots), 'Pass what snapshot() gave.');
    }
    const fitting = snapshots.map((snapshot) => fitSnapshot(this.#owner, snapshot, false));
    const last = fitting.at(-1);
    if (!last) throw fail('at least one snapshot', 'an empty list', 'Pass what snapshot() gave.');
    return {
      format: 'clr/onnx',
      version: 2,
      step: last.step,
      optimizer: this.#owner.optimizer,
      graph: this.#owner.graph,
      layout: this.#state.layout(),
      state: this.#state.average(fitting),
    };
  }

  #predict(batch: Batch, term: Term): Promise<Prediction> {
    return this.#inTurn(async () => {
      const { model, session } = await this.#runners.of('evaluation', batch);
      checkBatch(model, batch);
      const name = model.outputs as string;
      const tensor = (await run({ model, session }, this.#feeds(model, batch), { [name]: null }))[
        name
      ] as Tensor;
      const { dims } = tensor;
      const [info] = model.targets;
      const target = await (batch[info?.name ?? ''] as Tensor).getData();
      return {
        outputs: (tensor.data as Float32Array).slice(),
        examples: examplesIn(model, batch, this.#terms),
        score: (outputs) => scoreOutputs(term, outputs, dims, target, info?.axis ?? 1),
      };
    });
  }

  /** The forward pass in training form. It changes only the running statistics. */
  #renewStatistics(batch: Batch): Promise<void> {
    return this.#inTurn(async () => {
      const { model, session } = await this.#runners.of('gradients', batch);
      checkBatch(model, batch);
      this.#state.advance(
        await run({ model, session }, this.#feeds(model, batch), this.#state.fetches(model)),
      );
    });
  }

  /** Waits for pending calls, then frees everything. Later calls are refused. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#release();
    return this.#disposing;
  }

  async #release(): Promise<void> {
    await this.#tail;
    await Promise.allSettled(this.#reads);
    await this.#state.dispose();
    await this.#runners.release();
  }

  /** Runs one call after all earlier ones: state vectors must not be swapped while a session runs. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#disposing) {
      return Promise.reject(disposed());
    }
    const result = this.#tail.then(work, work);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** The state stays on the device, and the loss too where it can be read late: in a browser. */
  #stepLocations(model: TrainingModel): Record<string, 'gpu-buffer'> {
    const late = this.#ort.env?.versions?.node === undefined ? Object.keys(this.#metrics(model)) : [];
    return { ...this.#state.locations(), ...Object.fromEntries(late.map((name) => [name, 'gpu-buffer'])) };
  }

  /** `part`: which of the batches that make one update; each draws masks of its own. */
  #feeds(model: TrainingModel, batch: Batch, part = 0): Record<string, Tensor> {
    const state = this.#state.feeds(model.state.map(({ input }) => input));
    if (!model.draw) return { ...batch, ...state };
    return {
      ...batch,
      ...state,
      [model.draw]: this.#integer(BigInt(this.#steps) * mostParts + BigInt(part)),
    };
  }

  #integer(value: bigint): Tensor {
    return new this.#ort.Tensor('int64', BigInt64Array.of(value), []);
  }

  #scalars(model: TrainingModel, hyper: Hyperparameters): Record<string, Tensor> {
    const float = (value: number): Tensor => new this.#ort.Tensor('float32', Float32Array.of(value), []);
    return {
      ...(model.lr ? { [model.lr]: float(hyper.lr) } : {}),
      ...(model.momentum ? { [model.momentum.name]: float(hyper.momentum ?? model.momentum.preset) } : {}),
      ...(model.step ? { [model.step]: this.#integer(BigInt(this.#steps)) } : {}),
    };
  }

  #metrics(model: TrainingModel): Record<string, null> {
    return Object.fromEntries([model.loss, model.accuracy].flatMap((name) => (name ? [[name, null]] : [])));
  }

  #result(model: TrainingModel, results: Readonly<Record<string, Tensor>>): StepResult {
    const scalar = (name: string): number | Promise<number> => {
      const tensor = results[name] as Tensor;
      if (tensor.location === 'cpu') return Number(tensor.data[0]);
      const read = tensor.getData(true).then((data) => Number(data[0]));
      this.#reads.add(read);
      const forget = (): boolean => this.#reads.delete(read);
      read.then(forget, forget);
      return read;
    };
    return {
      loss: scalar(model.loss as string),
      ...(model.accuracy ? { accuracy: scalar(model.accuracy) } : {}),
    };
  }
}
