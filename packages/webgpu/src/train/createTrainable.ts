import {
  type BatchMetrics,
  checkHyperparameters,
  checkOptionNames,
  type Hyperparameters,
  type Metrics,
  meanMetrics,
  type RestoreOptions,
  type StepResult,
  type Trainable,
  type UpdateKind,
  updateKindOf,
} from '@clr/core';
import { usage } from '../device/flags.ts';
import type { Health } from '../device/health.ts';
import { badArgument } from '../errors.ts';
import { checkStorage } from '../optimizer/checkParameters.ts';
import { engineOf, type GpuOptimizer } from '../optimizer/createOptimizer.ts';
import type { DeviceTensor, OptimizerEngine } from '../optimizer/engine.ts';
import { LateReads } from './lateReads.ts';
import { averageTensors, type GpuSnapshot } from './snapshot.ts';
import { SnapshotStore } from './snapshotStore.ts';

/** The input of {@link createTrainable}: your forward and backward pass, and the buffers of their results. */
export interface TrainableOptions<Batch> {
  /** The result of {@link createOptimizer}. Its value buffers need `COPY_SRC | COPY_DST` besides `STORAGE`. */
  readonly optimizer: GpuOptimizer;
  /**
   * Encodes the forward and the backward pass. These passes write the batch's mean loss into `loss` and the gradients
   * into the optimizer's gradient buffers. They do not change the weights. All are encoded when the function returns. To
   * refuse a batch, throw from this function. Nothing is submitted then.
   */
  readonly encodeGradients: (encoder: GPUCommandEncoder, batch: Batch) => void;
  /** Encodes the forward pass for evaluation. Default: `encodeGradients`. */
  readonly encodeLoss?: (encoder: GPUCommandEncoder, batch: Batch) => void;
  /** Holds the batch's mean loss, an `f32` at byte 0. The buffer needs `COPY_SRC`. */
  readonly loss: GPUBuffer;
  /** Holds the share of the batch that was classified correctly, an `f32` at byte 0. The buffer needs `COPY_SRC`. */
  readonly accuracy?: GPUBuffer;
  /**
   * The number of examples in a batch, which is the weight of the batch in the means of an evaluation. Default: all
   * batches weigh the same.
   */
  readonly examples?: (batch: Batch) => number;
  /** Further buffers that a snapshot must hold, such as running statistics. They need `COPY_SRC | COPY_DST`. */
  readonly state?: readonly GPUBuffer[];
}

/** A {@link Trainable} on the device. */
export interface GpuTrainable<Batch> extends Trainable<Batch> {
  /** The optimizer on the device. It holds the step counter. */
  readonly optimizer: GpuOptimizer;
  /** The kind of update that the optimizer makes, which decides how `analyzeRangeTest` reads a range test. */
  readonly updateKind: UpdateKind;
  /** The names of the hyperparameters that a step takes besides `lr`. */
  readonly hyperparameters: readonly string[];
  /**
   * Makes one update on the device with exactly these hyperparameters, and returns at once. The promised loss and
   * accuracy are those of the batch before the update.
   */
  trainStep(batch: Batch, hyper: Hyperparameters): StepResult;
  /** The whole state in host memory: plain data that may be stored, and restored on another device. */
  snapshot(): Promise<GpuSnapshot>;
  /**
   * Restores parameters by name. Refuses a snapshot that does not fit before anything changes, and says what differs.
   */
  restore(snapshot: object, options?: RestoreOptions): Promise<void>;
  /**
   * The last snapshot with its weights replaced by the weighted means of the weights of all snapshots.
   */
  average(snapshots: readonly object[], weights?: readonly number[]): Promise<GpuSnapshot>;
}

const trainableOptions = [
  ...(['optimizer', 'encodeGradients', 'encodeLoss', 'loss', 'accuracy', 'examples', 'state'] as const),
] as const;

/** The number of losses in one readback: half of core's window, so that the device never waits. */
export const readWindow = 8;

const both = usage.copySource | usage.copyTarget;

/**
 * Makes a {@link Trainable} of any WebGPU code. You encode the forward and the backward pass, and this function adds
 * the optimizer and the bookkeeping. `train`, `rangeTest` and `autoClr` of `@clr/core` take it.
 *
 * Losses are read late, up to 8 steps in one readback, and the device runs ahead meanwhile. A step's rate
 * comes from `hyper`, not from the optimizer's own policy.
 *
 * @throws {GpuError} `argument` for a buffer without the flags it needs. `trainStep` throws a `PolicyError` for
 *   invalid hyperparameters (`checkHyperparameters` of `@clr/core`). If the device fails, later calls throw
 *   `device-lost`, `out-of-memory`, `buffer-destroyed`, `validation` or `uncaptured`, and pending losses reject with
 *   the same error
 *
 * @example
 * ```ts
 * const trainable = createTrainable(device, {
 *   optimizer: createOptimizer(device, adam(), parameters, policy),
 *   encodeGradients: (encoder, batch) => model.encode(encoder, batch),
 *   loss: model.loss,
 * });
 * const trace = await rangeTest(trainable, batches, { startLr: 1e-5, endLr: 1e-2, steps: 20 });
 * trace.points.length; // 20
 * ```
 */
export function createTrainable<Batch>(
  device: GPUDevice,
  options: TrainableOptions<Batch>,
): GpuTrainable<Batch> {
  checkOptionNames('clr/webgpu', 'createTrainable', options, trainableOptions);
  return describedTrainable(device, options);
}

/** The description of a network of built-in layers: its layers, and the tensors in its state buffers. */
interface Described {
  readonly described?: { readonly topology: readonly string[]; readonly state: readonly DeviceTensor[] };
}

/** Like {@link createTrainable}, for a network that can describe its layers and its state. */
export function describedTrainable<Batch>(
  device: GPUDevice,
  options: TrainableOptions<Batch> & Described,
): GpuTrainable<Batch> {
  const engine = engineOf(options.optimizer);
  engine.health.checkOpen();
  if (engine.device !== device) {
    throw badArgument(
      'an optimizer of the same device',
      'an optimizer of another device',
      'Make both on one device.',
    );
  }
  const { loss, accuracy, state = [], encodeGradients, ...optional } = options;
  for (const [name, value] of Object.entries({
    encodeGradients,
    encodeLoss: optional.encodeLoss ?? encodeGradients,
    examples: optional.examples ?? encodeGradients,
  })) {
    if (typeof value !== 'function') {
      throw badArgument(`${name} to be a function`, String(value), 'Pass one, as the documentation shows.');
    }
  }
  if (!Array.isArray(state))
    throw badArgument('state to be a list of buffers', String(state), 'Pass [buffer].');
  checkStorage('loss', loss, 4, usage.copySource);
  if (accuracy) checkStorage('accuracy', accuracy, 4, usage.copySource);
  state.forEach((buffer: GPUBuffer, index) => {
    checkStorage(`state[${index}]`, buffer, 4, both);
    if (buffer.size % 4 !== 0) {
      throw badArgument(
        `the size of state[${index}] to be a multiple of 4 bytes`,
        `${buffer.size} bytes`,
        'Make the buffer larger: WebGPU copies whole numbers of 4 bytes.',
      );
    }
  });
  engine.parameters.forEach(({ value }, index) => {
    checkStorage(`value of parameters[${index}]`, value, 4, both);
  });
  return new DeviceTrainable(device, engine, options);
}

/** Calls a function that encodes. Refuses an asynchronous one, whose commands would come after the submission. */
function encodeAtOnce<Batch>(
  name: string,
  encode: (encoder: GPUCommandEncoder, batch: Batch) => unknown,
  encoder: GPUCommandEncoder,
  batch: Batch,
): void {
  const result = encode(encoder, batch);
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  Promise.resolve(result).catch(() => undefined); // Its error comes too late to matter.
  throw badArgument(
    `${name} to encode before it returns`,
    'a promise',
    'Await what it needs before the step, and pass it as the batch.',
  );
}

/** A state buffer of unknown content, as bytes. */
function bytesOf(buffer: GPUBuffer, index: number): DeviceTensor {
  const { size } = buffer;
  return {
    name: `state[${index}]`,
    dtype: 'uint8',
    shape: [size],
    parts: [{ buffer, offset: 0, at: 0, size }],
  };
}

class DeviceTrainable<Batch> implements GpuTrainable<Batch> {
  readonly optimizer: GpuOptimizer;
  readonly updateKind: UpdateKind;
  readonly hyperparameters: readonly string[];
  readonly #device: GPUDevice;
  readonly #engine: OptimizerEngine;
  readonly #options: TrainableOptions<Batch>;
  readonly #health: Health;
  readonly #reads: LateReads;
  readonly #snapshots: SnapshotStore;
  readonly #metrics: readonly GPUBuffer[];

  constructor(device: GPUDevice, engine: OptimizerEngine, options: TrainableOptions<Batch> & Described) {
    const { loss, accuracy, state = [] } = options;
    this.optimizer = options.optimizer;
    this.updateKind = updateKindOf(engine.spec);
    this.hyperparameters = engine.takesMomentum ? ['momentum'] : [];
    this.#device = device;
    this.#engine = engine;
    this.#options = options;
    this.#health = engine.health;
    this.#metrics = accuracy ? [loss, accuracy] : [loss];
    this.#reads = new LateReads(device, this.#health, readWindow * this.#metrics.length);
    const further = options.described?.state ?? state.map(bytesOf);
    this.#snapshots = new SnapshotStore(device, {
      optimizer: engine.spec.type,
      ...(options.described && { topology: options.described.topology }),
      optimizerTensors: [engine.counterTensor(), ...engine.slotTensors()],
      otherTensors: [...engine.valueTensors(), ...further],
      firstParts: [
        ...engine.stateParts(),
        ...engine.valueParts(),
        ...state.map((buffer) => ({ buffer, offset: 0, size: buffer.size })),
      ],
    });
  }

  trainStep(batch: Batch, hyper: Hyperparameters): StepResult {
    this.#health.check();
    checkHyperparameters(hyper, this.updateKind, this.hyperparameters);
    return this.#health.inErrorScope('a training step', () => {
      const encoder = this.#device.createCommandEncoder({ label: 'clr step' });
      encodeAtOnce('encodeGradients', this.#options.encodeGradients, encoder, batch);
      this.#engine.encodeWith(encoder, hyper);
      return this.#submit(encoder);
    });
  }

  async evaluate(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics> {
    this.#health.check();
    const { encodeGradients, encodeLoss = encodeGradients, examples = () => 1 } = this.#options;
    const measure = (batch: Batch): BatchMetrics => {
      this.#health.check();
      const result = this.#health.inErrorScope('an evaluation', () => {
        const encoder = this.#device.createCommandEncoder({ label: 'clr evaluation' });
        encodeAtOnce('encodeLoss', encodeLoss, encoder, batch);
        return this.#submit(encoder);
      });
      return { examples: examples(batch), ...result };
    };
    return meanMetrics(batches, measure, 2 * readWindow);
  }

  async snapshot(): Promise<GpuSnapshot> {
    this.#health.check();
    this.#reads.flush();
    try {
      const taking = this.#health.inErrorScope('a snapshot', () => this.#snapshots.take(this.#engine.step));
      const snapshot = await taking;
      const fault = await this.#health.settled();
      if (fault) throw fault;
      return snapshot;
    } catch (error) {
      throw await this.#health.explain(error);
    }
  }

  async restore(given: object, options: RestoreOptions = {}): Promise<void> {
    const { partial = false } = checkOptionNames('clr/webgpu', 'restore', options, ['partial']);
    this.#health.checkOpen();
    const { snapshot, matches } = this.#snapshots.match(given, partial);
    this.#health.clear();
    this.#health.inErrorScope('restoring a snapshot', () => {
      this.#snapshots.put(matches);
      if (snapshot.optimizer === this.#engine.spec.type) this.#engine.restored(snapshot.step);
    });
    const fault = await this.#health.settled();
    if (fault) throw fault;
  }

  async average(snapshots: readonly object[], weights?: readonly number[]): Promise<GpuSnapshot> {
    const names = this.#engine.valueTensors().map(({ name }) => name);
    return averageTensors(
      snapshots.map((one) => this.#snapshots.match(one).snapshot),
      new Set(names),
      weights,
    );
  }

  dispose(): void {
    this.#reads.dispose();
    this.#engine.dispose();
  }

  #submit(encoder: GPUCommandEncoder): StepResult {
    const [loss, accuracy] = this.#reads.encode(encoder, this.#metrics) as [
      Promise<number>,
      Promise<number>?,
    ];
    this.#device.queue.submit([encoder.finish()]);
    this.#reads.submitted();
    return accuracy ? { loss, accuracy } : { loss };
  }
}
