import {
  checkHyperparameters,
  constantAnswer,
  type Hyperparameters,
  type Metrics,
  meanMetrics,
  ownMomentum,
  type Prediction,
  type RestoreOptions,
  type StepResult,
  type Trainable,
  takesMomentum,
  type UpdateKind,
  updateKindOf,
} from '@clr/core';
import { asOneFile, type Content } from '../format/content.ts';
import { locateTensors, patchTensors, type Wanted } from '../format/patch.ts';
import type { Outside } from '../format/place.ts';
import { type Term, termsOf } from '../loss/terms.ts';
import type { Forms } from '../lower/question.ts';
import type { FloatArray } from '../training/buckets.ts';
import type { Written } from '../training/emit.ts';
import type { Prepared } from '../training/prepare.ts';

import type { TrainingModel, UntrainedTensor } from '../training/trainingModel.ts';
import { accumulate, averageStatistics, type Engine } from './accumulate.ts';
import { checkBatch } from './checkBatch.ts';
import { checkExport, type ExportOptions, notFiniteYet, readExportOptions } from './checkExport.ts';
import { constantTargets, hasConstantAnswer } from './constantTargets.ts';
import { dataFault } from './dataFault.ts';
import { FedWeights } from './fedWeights.ts';
import { Feeds } from './feeds.ts';
import { identityOf } from './identityOf.ts';
import { measureSharpness } from './measureSharpness.ts';
import { examplesIn, metricWeights } from './metricWeights.ts';
import type { OnnxTrainer, ParameterData } from './onnxTrainer.ts';
import type { Batch, InferenceSession, Ort, Tensor } from './ort.ts';
import { ownVersion } from './ownVersion.ts';
import { PreparedModel } from './preparedModel.ts';
import { providerOf } from './provider.ts';
import { Queue } from './queue.ts';
import type { Ranks } from './ranks.ts';
import { type Found, metricsOf, Results, run } from './results.ts';
import { type Kind, Runners } from './runners.ts';
import { scoreOutputs } from './scoreOutputs.ts';
import { type OnnxSnapshot, optimizerName } from './snapshot.ts';
import { Snapshots } from './snapshots.ts';
import type { Source } from './source.ts';
import { splitByFile } from './splitByFile.ts';
import { StateVectors } from './stateVectors.ts';
import { updateChunks } from './updateChunks.ts';
import { withoutContent } from './withoutContent.ts';

/** The weights that the file stores as integers. */
type Integers = NonNullable<Prepared['source']['quantised']>;

/** The tensors of the file that training changes. */
function storedTensors({ state, places }: TrainingModel, quantised: Integers): Wanted[] {
  const stored = state.filter(({ role }) => role === 'parameters' || role === 'buffers');
  return stored.flatMap(({ parts }) =>
    parts.map(({ name, dims }) => ({
      name,
      place: places[name] as string,
      count: dims.reduce((size, dim) => size * dim, 1),
      bytes: quantised.get(name)?.bytes,
    })),
  );
}

const isList = (batch: Batch | readonly Batch[]): batch is readonly Batch[] => Array.isArray(batch);

/** The batches of a pass over the data. A list of batches for one update is expanded into its batches. */
async function* parts(batches: Iterable<Batch | readonly Batch[]> | AsyncIterable<Batch | readonly Batch[]>) {
  for await (const batch of batches) yield* isList(batch) ? batch : [batch];
}

/** The tensors stored in vectors, as float32 copies. */
function dataOf(
  parts: readonly { readonly name: string; readonly dims: readonly number[]; readonly data: FloatArray }[],
): Map<string, ParameterData> {
  return new Map(
    parts.map(({ name, dims, data }) => [name, { dims: [...dims], data: Float32Array.from(data) }]),
  );
}

/** With several processes, parameters are compared at this interval, in steps. */
const stepsBetweenChecks = 100;

/** The class of the trainers that `createTrainer` returns. */
export class Trainer implements OnnxTrainer {
  readonly updateKind: UpdateKind;
  readonly momentum: number;
  readonly batchSharpness: (batch: Batch) => Promise<number>;
  readonly hyperparameters: readonly string[];
  readonly untrained: readonly UntrainedTensor[];
  /**
   * Absent if the model computes its own loss, because then no output is known to be the prediction. Also absent for
   * CTC, for several losses, and with several processes.
   */
  readonly predictBatch?: (batch: Batch) => Promise<Prediction>;
  /** Absent if `predictBatch` is, or if the best constant answer for the loss is unknown. */
  readonly constantAnswer?: NonNullable<Trainable<Batch>['constantAnswer']>;
  /** Absent if the model has no running statistics. */
  readonly renewStatistics?: (batch: Batch) => Promise<void>;
  readonly #source: Source;
  readonly #places: Readonly<Record<string, string>>;
  readonly #quantised: Integers;
  /** The locations of weights in external files. */
  readonly #outside: ReadonlyMap<string, Outside>;
  /** Tensors that are not finite before training. */
  readonly #initial: ReadonlyMap<string, FloatArray>;
  readonly #engine: Engine;
  readonly #snapshots: Snapshots;
  readonly #queue = new Queue();
  /** Whether this trainer uses the forms stored in a snapshot. */
  readonly #free: boolean;
  /** The properties that must be the same on every process. */
  readonly #identity: Readonly<Record<string, string | Uint8Array>>;
  #disposing: Promise<void> | undefined;

  constructor(
    ort: Ort,
    from: {
      readonly source: Source;
      readonly content: Content;
      readonly prepared: Prepared;
      /** Prepares the same model from the content of the source. */
      readonly again: (content: Content) => Promise<Prepared>;
      readonly deterministic: boolean;
    },
    session: InferenceSession.SessionOptions,
    first: Written,
    ranks: Ranks,
  ) {
    const { source, content, prepared } = from;
    this.#free = !from.deterministic;
    const trained = prepared.options;
    const { optimizer, hyperparameters } = trained;
    this.#identity = ranks.several ? identityOf(ort, content, prepared.options, first) : {};
    this.updateKind = updateKindOf(optimizer);
    this.momentum = ownMomentum(optimizer);
    this.hyperparameters = [...(takesMomentum(optimizer) ? ['momentum'] : []), ...new Set(hyperparameters)];
    this.#source = source;
    // Check before training that the result can be written back.
    this.#quantised = prepared.source.quantised ?? new Map();
    this.#outside = prepared.source.outside ?? new Map();
    locateTensors(
      content.bytes,
      storedTensors(first, this.#quantised).filter(({ name }) => !this.#outside.has(name)),
    );
    this.#places = first.places;
    this.#initial = notFiniteYet(first.state);
    this.untrained = first.untrained;
    const onDevice = providerOf(session) === 'webgpu' && session.preferredOutputLocation === undefined;
    const state = new StateVectors(ort, first.state, session, onDevice);
    // The state stays on the device. In a browser the loss does too, because it can be read later.
    const locations = (step: TrainingModel): Record<string, 'gpu-buffer'> => {
      const late = ort.env?.versions?.node === undefined ? Object.keys(metricsOf(step)) : [];
      return { ...state.locations(), ...Object.fromEntries(late.map((name) => [name, 'gpu-buffer'])) };
    };
    // An update that clips is not split, because it needs the norm of all gradients. Updates on a device or in a
    // browser are not split either.
    const clips = prepared.options.clipNorm !== undefined || first.clipNorm !== undefined;
    const whole = clips || onDevice || ort.env?.versions?.node === undefined;
    const chunks = whole ? [[]] : updateChunks(first);
    // Keep the content: other processes may compare it, and integer weights need their scales for the export.
    if (ranks.several || this.#quantised.size > 0) source.keep();
    const weights = new FedWeights(ort);
    weights.hold(first.fed);
    const models = new PreparedModel({ prepared, source, again: from.again, weights });
    const options = { models, session, chunks, ...(onDevice ? { locations } : {}) };
    const terms = termsOf(prepared.options);
    const feeds = new Feeds(ort, state, weights);
    const runners = new Runners(ort, options, first);
    this.#engine = { ranks, terms, runners, state, feeds, results: new Results() };
    this.batchSharpness = (batch) =>
      this.#queue.run(async () => {
        const sharpness = await ranks.together(() => measureSharpness(this.#engine, trained, batch));
        const { value } = await ranks.mean(1, { value: Float64Array.of(sharpness) });
        return value?.[0] as number;
      });
    const { state: layout } = withoutContent({ ...first, bytes: new Uint8Array() });
    const owner = { optimizer: optimizerName(optimizer), graph: first.graph ?? '', state: layout };
    models.release();
    this.#snapshots = new Snapshots(owner, this.#engine);
    const [term] = terms;
    // With several processes there are no predictions, because each process would see only those for its own batches.
    if (term && terms.length === 1 && term.type !== 'model' && term.type !== 'ctc' && !ranks.several) {
      this.predictBatch = (batch) => this.#queue.run(() => this.#predict(batch, term));
      if (hasConstantAnswer(term)) {
        this.constantAnswer = (batches) =>
          constantAnswer(parts(batches), async (batch) => {
            this.#queue.check();
            const { model } = await runners.of('step', batch);
            checkBatch(model, batch);
            const [info] = model.targets;
            return constantTargets(term, batch[info?.name ?? ''] as Tensor, info?.axis ?? 1);
          });
      }
    }
    if (first.state.some(({ role }) => role === 'buffers')) {
      // The forward pass in training mode. It changes only the running statistics.
      this.renewStatistics = (batch) =>
        this.#queue.run(async () => {
          const { model, found } = await ranks.together(() =>
            this.#pass('gradients', batch, (model) => state.fetches(model)),
          );
          state.advance(found);
          await averageStatistics(this.#engine, examplesIn(model, batch));
        });
    }
  }

  get forms(): Forms {
    return this.#engine.runners.forms;
  }

  /** Resolves when the first session is ready. */
  async ready(): Promise<void> {
    await this.#engine.runners.ready();
  }

  /** With several processes: throws before the first step if one of them trains a different model. */
  async compareRanks(): Promise<void> {
    const { ranks } = this.#engine;
    if (!ranks.several) return;
    const identity = { ...this.#identity, 'the version of @clr/onnx': await ownVersion() };
    await ranks.requireSame(identity, 'Start every process with the same program, files and packages.');
  }

  /** With several processes: throws if their parameters have drifted apart. */
  async #compareParameters(): Promise<void> {
    const { ranks, state, feeds } = this.#engine;
    if (!ranks.several) return;
    const vectors = Object.entries(await state.vectors('parameters'));
    await ranks.requireSame(
      Object.fromEntries(vectors.map(([i, vector]) => [`parameters ${i} after step ${feeds.steps}`, vector])),
      'Every process must make the same calls in the same order, with the same hyperparameters.',
    );
  }

  /** Runs a model of this kind on a batch. */
  async #pass(
    kind: Kind,
    batch: Batch,
    fetches: (model: TrainingModel) => InferenceSession.FetchesType,
    hyper?: Hyperparameters,
  ): Promise<{ model: TrainingModel; found: Found }> {
    const { runners, feeds } = this.#engine;
    const runner = await runners.of(kind, batch);
    const { model } = runner;
    checkBatch(model, batch);
    const fed = { ...feeds.of(model, batch), ...(hyper ? feeds.rates(model, hyper) : {}) };
    return { model, found: await run(runner, fed, fetches(model)) };
  }

  async trainStep(batch: Batch | readonly Batch[], hyper: Hyperparameters): Promise<StepResult> {
    checkHyperparameters(hyper, this.updateKind, this.hyperparameters);
    const { ranks, runners, state, feeds, results } = this.#engine;
    if (isList(batch) || ranks.several || runners.inParts) {
      return this.#queue.run(async () => {
        const result = await accumulate(this.#engine, isList(batch) ? batch : [batch], hyper);
        if (feeds.steps % stepsBetweenChecks === 0) await this.#compareParameters();
        return result;
      });
    }
    return this.#queue.run(async () => {
      const fetches = (model: TrainingModel) => ({ ...metricsOf(model), ...state.fetches(model) });
      const { model, found } = await this.#pass('step', batch, fetches, hyper);
      state.advance(found);
      feeds.steps += 1;
      return results.of(model, found);
    });
  }

  async evaluate(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics> {
    const { ranks, terms, results } = this.#engine;
    const total = { loss: 0, accuracy: 0 };
    const own = await ranks.together(() =>
      meanMetrics(batches, (batch) =>
        this.#queue.run(async () => {
          const { model, found } = await this.#pass('evaluation', batch, metricsOf);
          const weights = metricWeights(terms, model, batch);
          total.loss += weights.loss;
          total.accuracy += weights.accuracy;
          return { examples: examplesIn(model, batch), weights, ...results.of(model, found) };
        }),
      ),
    );
    const over = async (name: 'loss' | 'accuracy', value: number): Promise<number> =>
      (await ranks.mean(total[name], { value: Float64Array.of(value) })).value?.[0] as number;
    const loss = await over('loss', own.loss);
    return own.accuracy === undefined ? { loss } : { loss, accuracy: await over('accuracy', own.accuracy) };
  }

  async parameters(): Promise<Map<string, ParameterData>> {
    return this.#queue.run(async () => dataOf(await this.#engine.state.parts('parameters')));
  }

  async gradients(batch: Batch): Promise<Map<string, ParameterData>> {
    return this.#queue.run(async () => {
      const names = ({ gradients = [] }: TrainingModel): string[] => gradients.map(({ name }) => name);
      const { model, found } = await this.#pass('gradients', batch, names);
      return dataOf(
        (model.gradients ?? []).flatMap(({ name, parts }) =>
          parts.map((part) => {
            const length = part.dims.reduce((size, dim) => size * dim, 1);
            const vector = found[name]?.data as FloatArray;
            return { ...part, data: vector.subarray(part.offset, part.offset + length) };
          }),
        ),
      );
    });
  }

  dataFault(batch: Batch | readonly Batch[]): string | undefined {
    return dataFault(batch);
  }

  async exportModel(options: ExportOptions = {}): Promise<Uint8Array> {
    const { nonFinite = false, externalData } = readExportOptions(options);
    return this.#queue.run(async () => {
      const parts = await this.#engine.state.parts('parameters', 'buffers');
      if (!nonFinite) checkExport(parts, this.#initial);
      const values = parts.map(({ name, data }) => ({
        name,
        place: this.#places[name] as string,
        data: this.#quantised.get(name)?.encode(data) ?? data,
      }));
      const content = await this.#source.content();
      try {
        if (!externalData) return patchTensors(asOneFile(content), values);
        const { inside, outside } = splitByFile(values, this.#outside);
        for (const { location, offset, bytes } of outside) await externalData(location, offset, bytes);
        return patchTensors(content.bytes, inside);
      } finally {
        this.#source.release();
      }
    });
  }

  async snapshot(): Promise<OnnxSnapshot> {
    return this.#queue.run(() => this.#snapshots.take());
  }

  async restore(snapshot: object, options: RestoreOptions = {}): Promise<void> {
    const { ranks, state, feeds } = this.#engine;
    const fitting = await ranks.together(() => this.#snapshots.fit(snapshot, options));
    return this.#queue.run(async () => {
      await this.#snapshots.restore(fitting, this.#free);
      if (!ranks.several) return;
      const vectors = await state.save();
      const steps = Float64Array.of(feeds.steps);
      await ranks.fromFirst([steps, ...Object.values(vectors)]);
      state.putBack(vectors);
      feeds.steps = steps[0] as number;
    });
  }

  async average(snapshots: readonly object[], weights?: readonly number[]): Promise<OnnxSnapshot> {
    this.#queue.check();
    return this.#snapshots.average(snapshots, weights);
  }

  async #predict(batch: Batch, term: Term): Promise<Prediction> {
    const answers = ({ outputs }: TrainingModel): [string] => [outputs as string];
    const { model, found } = await this.#pass('evaluation', batch, answers);
    const { dims, data } = found[model.outputs as string] as Tensor;
    const [info] = model.targets;
    const target = await (batch[info?.name ?? ''] as Tensor).getData();
    return {
      outputs: (data as Float32Array).slice(),
      examples: examplesIn(model, batch),
      weights: metricWeights(this.#engine.terms, model, batch),
      score: (outputs) => scoreOutputs(term, outputs, dims, target, info?.axis ?? 1),
    };
  }

  /** Waits for pending calls, then frees everything. Later calls are refused. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#release();
    return this.#disposing;
  }

  async #release(): Promise<void> {
    const { results, state, runners } = this.#engine;
    await this.#queue.close();
    await results.settled();
    await state.dispose();
    await runners.release();
  }
}
