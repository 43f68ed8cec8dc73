import { constantAnswer, type Metrics, type Prediction, type UpdateKind } from '@clr/core';
import { usage } from '../device/flags.ts';
import { type Dispatch, encodeDispatch } from '../device/pipelines.ts';
import { readBuffer } from '../device/readBuffer.ts';
import { badArgument, type GpuError } from '../errors.ts';
import { createOptimizer, engineOf, type GpuOptimizer } from '../optimizer/createOptimizer.ts';
import type { OptimizerEngine } from '../optimizer/engine.ts';
import { describedTrainable, type GpuTrainable } from '../train/createTrainable.ts';
import type { GpuSnapshot } from '../train/snapshot.ts';
import { type CompiledNetwork, compileNetwork, type NetworkMemory } from './compile/compile.ts';
import { type Examples, gatherDispatch } from './compile/gather.ts';
import { historyLength } from './compile/loss.ts';
import { checkExamples, checkInput, constantTargets, exampleCount } from './exampleData.ts';
import { HostBatches } from './hostBatches.ts';
import { initialValues } from './initialValues.ts';
import { type NamedTensor, type Network, topologyOf, volume } from './network.ts';
import { predictionOf } from './prediction.ts';
import { readHistory } from './readHistory.ts';
import type { Batch, GpuTrainer, HostTensor, StepsResult, TrainerOptions } from './trainer.ts';
import { uploadExamples } from './uploadExamples.ts';

/** The most steps in one submission. The device keeps the losses of this many steps. */
const maxSteps = historyLength;

/** The most steps in one call. A call returns all its losses and accuracies together. */
const maxAtOnce = 10_000_000;

/** The options with their defaults filled in. */
export interface DeviceTrainerOptions extends Omit<TrainerOptions, 'tile'> {
  readonly seed: number;
  readonly tile: number;
}

/** A network, its optimizer and all their buffers; made by `createTrainer`. */
export class DeviceTrainer implements GpuTrainer {
  readonly #device: GPUDevice;
  readonly #network: Network;
  readonly #batch: number;
  readonly #seed: number;
  readonly #policed: boolean;
  readonly #memory: NetworkMemory;
  readonly #compiled: CompiledNetwork;
  readonly #trainable: GpuTrainable<Batch>;
  readonly #engine: OptimizerEngine;
  readonly #host: HostBatches;
  #data: { readonly examples: Examples; readonly gather: Dispatch } | undefined;
  /** The batch size that was last written to the device. */
  #count = 0;

  constructor(device: GPUDevice, network: Network, options: DeviceTrainerOptions) {
    this.#device = device;
    this.#network = network;
    this.#batch = options.batch;
    this.#seed = options.seed;
    this.#policed = options.policy !== undefined;
    const buffer = (label: string, length: number): GPUBuffer =>
      device.createBuffer({
        label,
        size: Math.max(16, Math.ceil(length / 4) * 16), // rounded up to a multiple of four: see inFours()
        usage: usage.storage | usage.copySource | usage.copyTarget,
      });
    const length = sum(network.parameters);
    this.#memory = {
      values: buffer('clr weights', length),
      gradients: buffer('clr gradients', length),
      statistics: buffer('clr statistics', sum(network.statistics)),
    };
    const { values, gradients, statistics } = this.#memory;
    const parameters = network.parameters.map(({ name, dims, offset, length }) => {
      const place = { value: values, valueOffset: offset, gradient: gradients, gradientOffset: offset };
      return { ...place, name, dims, length };
    });
    const { policy, optimizer: spec, batch: _batch, seed: _seed, tile: _tile, ...rest } = options;
    const optimizer = createOptimizer(device, spec, parameters, policy, rest);
    this.#engine = engineOf(optimizer);
    const { compiled, host } = this.#engine.health.inErrorScope('building the network', () => {
      device.queue.writeBuffer(values, 0, initialValues(network.parameters, options.seed));
      device.queue.writeBuffer(statistics, 0, initialValues(network.statistics, options.seed));
      const compiled = compileNetwork(device, network, options, this.#memory, optimizer.state);
      const state = optimizer.state;
      return { compiled, host: new HostBatches(device, network, options.batch, { ...compiled, state }) };
    });
    this.#compiled = compiled;
    this.#host = host;
    this.#trainable = describedTrainable<Batch>(device, {
      optimizer,
      loss: compiled.loss,
      ...(network.loss === 'crossEntropy' ? { accuracy: compiled.accuracy } : {}),
      ...(network.statistics.length ? { state: [statistics] } : {}),
      described: {
        topology: topologyOf(network),
        state: network.statistics.map(({ name, dims, offset, length }) => ({
          name,
          dtype: 'float32',
          shape: dims,
          parts: [{ buffer: statistics, offset: offset * 4, at: 0, size: length * 4 }],
        })),
      },
      examples: (batch) => exampleCount(this.#network, batch),
      encodeGradients: (encoder, batch) => this.#encode(encoder, batch, compiled.training, true),
      encodeLoss: (encoder, batch) => this.#encode(encoder, batch, compiled.evaluation, false),
    });
    if (network.statistics.length > 0) this.renewStatistics = (batch) => this.#renewStatistics(batch);
  }

  get updateKind(): UpdateKind {
    return this.#trainable.updateKind;
  }

  get hyperparameters(): readonly string[] {
    return this.#trainable.hyperparameters;
  }

  get optimizer(): GpuOptimizer {
    return this.#trainable.optimizer;
  }

  trainStep: GpuTrainer['trainStep'] = (batch, hyper) => this.#trainable.trainStep(batch, hyper);
  evaluate: GpuTrainer['evaluate'] = (batches) => this.#trainable.evaluate(batches);
  snapshot = (): Promise<GpuSnapshot> => this.#trainable.snapshot();
  restore: GpuTrainer['restore'] = (snapshot, options) => this.#trainable.restore(snapshot, options);
  average: GpuTrainer['average'] = (snapshots, weights) => this.#trainable.average(snapshots, weights);
  readonly renewStatistics?: (batch: Batch) => Promise<void>;

  setData(data: Batch): void {
    this.#engine.health.check();
    const count = checkExamples(this.#network, data);
    if (count * this.#batch >= 2 ** 32) {
      throw badArgument(
        'examples × batch to be below 2^32, because the device shuffles with 32-bit integers',
        `${count} examples, batch = ${this.#batch}`,
        'Set only some of the examples at a time.',
      );
    }
    const examples = this.#engine.health.inErrorScope('putting examples on the device', () =>
      uploadExamples(this.#device, this.#network, data),
    );
    this.#forgetData();
    const { loss, output } = this.#network;
    const description = { loss, output, batch: this.#batch, seed: this.#seed };
    const buffers = { ...this.#compiled, state: this.#engine.state };
    this.#data = { examples, gather: gatherDispatch(this.#device, description, buffers, examples) };
  }

  async trainSteps(count: number): Promise<StepsResult> {
    const { health } = this.#engine;
    health.check();
    const data = this.#data;
    if (!Number.isSafeInteger(count) || count < 1 || count > maxAtOnce) {
      const expected = `a number of steps from 1 to ${maxAtOnce}`;
      throw badArgument(
        expected,
        `count = ${String(count)}`,
        'Give a count in that range; call again for more steps.',
      );
    }
    if (!data || !this.#policed) {
      throw badArgument(
        'a policy and examples on the device',
        data ? 'no policy' : 'no examples',
        data ? 'Give createTrainer a policy.' : 'Call setData() first.',
      );
    }
    const from = this.#engine.step;
    this.#setCount(this.#batch);
    const reads: Promise<Float32Array>[] = [];
    for (let left = count; left > 0; left -= maxSteps) {
      reads.push(
        health.inErrorScope('training steps', () => this.#submitSteps(data.gather, Math.min(left, maxSteps))),
      );
    }
    // One readback of (loss, accuracy) pairs per submission.
    const windows = await Promise.all(reads).catch(async (error) => {
      throw await health.explain(error);
    });
    const fault = await health.settled();
    if (fault) throw fault;
    const losses = new Float32Array(count);
    const accuracies = new Float32Array(count);
    let step = 0;
    for (const window of windows) {
      for (let index = 0; index < window.length; index += 2, step++) {
        losses[step] = window[index] as number;
        accuracies[step] = window[index + 1] as number;
      }
    }
    return this.#network.loss === 'crossEntropy' ? { from, losses, accuracies } : { from, losses };
  }

  async predict(input: Float32Array | Uint8Array): Promise<Float32Array> {
    this.#engine.health.check();
    checkInput(input);
    const perExample = volume(this.#network.input);
    const perOutput = volume(this.#network.output);
    const count = input.length / perExample;
    if (!Number.isInteger(count) || count < 1) {
      throw badArgument(
        `examples of ${perExample} numbers`,
        `${input.length} numbers`,
        'Pass whole examples, one after another.',
      );
    }
    const outputs = new Float32Array(count * perOutput);
    for (let start = 0; start < count; start += this.#batch) {
      const rows = Math.min(this.#batch, count - start);
      const part = input.subarray(start * perExample, (start + rows) * perExample);
      const encoder = this.#device.createCommandEncoder();
      const target = new Float32Array(rows * (this.#network.loss === 'crossEntropy' ? 1 : perOutput));
      this.#encode(encoder, { input: part, target }, this.#compiled.evaluation, false);
      this.#device.queue.submit([encoder.finish()]);
      // No layer reads the output, so it has no border.
      const bytes = await this.#read(this.#compiled.output.value, rows * perOutput * 4);
      outputs.set(new Float32Array(bytes), start * perOutput);
    }
    return outputs;
  }

  async predictBatch(batch: Batch): Promise<Prediction> {
    checkExamples(this.#network, batch);
    return predictionOf(this.#network, batch, await this.predict(batch.input));
  }

  constantAnswer(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Metrics> {
    return constantAnswer(batches, (batch) => constantTargets(this.#network, batch));
  }

  /** Runs the forward and the backward pass without an update. Only the running statistics change. */
  async #renewStatistics(batch: Batch): Promise<void> {
    const { health } = this.#engine;
    health.check();
    health.inErrorScope('measuring statistics', () => {
      const encoder = this.#device.createCommandEncoder();
      this.#encode(encoder, batch, this.#compiled.training, true);
      this.#device.queue.submit([encoder.finish()]);
    });
  }

  async parameters(): Promise<Map<string, HostTensor>> {
    const { values, statistics } = this.#memory;
    return new Map([
      ...(await this.#download(values, this.#network.parameters)),
      ...(await this.#download(statistics, this.#network.statistics)),
    ]);
  }

  setParameters(tensors: Iterable<readonly [name: string, data: ArrayLike<number>]>): void {
    this.#engine.health.check();
    const { parameters, statistics } = this.#network;
    const { values, statistics: running } = this.#memory;
    if (typeof tensors?.[Symbol.iterator] !== 'function') {
      throw badArgument(
        'pairs of a name and numbers',
        String(tensors),
        'Pass a Map, or Object.entries() of an object.',
      );
    }
    const writes = Array.from(tensors, ([name, data]) => {
      const parameter = parameters.find((tensor) => tensor.name === name);
      const tensor = parameter ?? statistics.find((tensor) => tensor.name === name);
      if (!tensor || tensor.length !== data?.length) {
        throw badArgument(
          tensor ? `${name} to have ${tensor.length} numbers` : 'the name of a parameter',
          tensor ? `${data?.length ?? 'no list of numbers'}` : `"${name}"`,
          `This network has ${[...parameters, ...statistics].map((t) => `${t.name} [${t.dims.join(', ')}]`).join(', ')}.`,
        );
      }
      return {
        buffer: parameter ? values : running,
        offset: tensor.offset * 4,
        data: Float32Array.from(data),
      };
    });
    for (const { buffer, offset, data } of writes) this.#device.queue.writeBuffer(buffer, offset, data);
  }

  async gradients(batch: Batch): Promise<Map<string, HostTensor>> {
    this.#engine.health.check();
    // Reading gradients must not change the running statistics.
    const { statistics, gradients } = this.#memory;
    const kept = await this.#read(statistics);
    const encoder = this.#device.createCommandEncoder();
    this.#encode(encoder, batch, this.#compiled.training, true);
    this.#device.queue.submit([encoder.finish()]);
    this.#device.queue.writeBuffer(statistics, 0, kept);
    return this.#download(gradients, this.#network.parameters);
  }

  dispose(): void {
    this.#forgetData();
    this.#trainable.dispose();
    this.#host.dispose();
    for (const buffer of [...this.#compiled.buffers, ...Object.values(this.#memory)]) buffer.destroy();
  }

  /**
   * Measures the time of a forward and a backward pass on the device, in milliseconds. The result is the lowest of
   * four measurements. Call it only on a new trainer, because it resets the running statistics.
   */
  async time(): Promise<number> {
    this.#setCount(this.#batch);
    let least = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 4; attempt++) {
      const encoder = this.#device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const dispatch of this.#compiled.training) encodeDispatch(pass, dispatch);
      pass.end();
      const began = performance.now();
      this.#device.queue.submit([encoder.finish()]);
      await this.#device.queue.onSubmittedWorkDone();
      least = Math.min(least, performance.now() - began);
    }
    const { statistics } = this.#network;
    this.#device.queue.writeBuffer(this.#memory.statistics, 0, initialValues(statistics, this.#seed));
    return least;
  }

  /** Returns the device's error during construction, if any. */
  settled(): Promise<GpuError | undefined> {
    return this.#engine.health.settled();
  }

  #encode(
    encoder: GPUCommandEncoder,
    batch: Batch,
    dispatches: readonly Dispatch[],
    training: boolean,
  ): void {
    this.#setCount(this.#host.check(batch, training));
    const pass = encoder.beginComputePass({ label: 'clr network' });
    this.#host.encode(pass, batch);
    for (const dispatch of dispatches) encodeDispatch(pass, dispatch);
    pass.end();
  }

  #submitSteps(gather: Dispatch, count: number): Promise<Float32Array> {
    const encoder = this.#device.createCommandEncoder({ label: 'clr steps' });
    const first = this.#engine.ticks;
    for (let left = count; left > 0; ) {
      this.#engine.encodeUploads(encoder);
      const run = Math.min(left, this.#engine.ahead);
      const pass = encoder.beginComputePass({ label: 'clr steps' });
      for (let step = 0; step < run; step++) {
        encodeDispatch(pass, gather);
        for (const dispatch of this.#compiled.training) encodeDispatch(pass, dispatch);
        this.#engine.encodeStep(pass);
      }
      pass.end();
      left -= run;
    }
    this.#device.queue.submit([encoder.finish()]);
    this.#engine.submitted();
    return readHistory(this.#device, this.#compiled.history, first, count);
  }

  /** Reads a buffer from its start. */
  async #read(buffer: GPUBuffer, size: number = buffer.size): Promise<ArrayBuffer> {
    const { health } = this.#engine;
    health.check();
    try {
      return await readBuffer(this.#device, buffer, 0, size);
    } catch (error) {
      throw await health.explain(error);
    }
  }

  #setCount(count: number): void {
    if (count === this.#count) return;
    this.#count = count;
    this.#device.queue.writeBuffer(this.#compiled.info, 0, Uint32Array.of(count));
  }

  async #download(buffer: GPUBuffer, tensors: readonly NamedTensor[]): Promise<Map<string, HostTensor>> {
    const all = new Float32Array(await this.#read(buffer));
    return new Map(
      tensors.map(({ name, dims, offset, length }) => [
        name,
        { dims, data: all.slice(offset, offset + length) },
      ]),
    );
  }

  #forgetData(): void {
    this.#data?.examples.input.destroy();
    this.#data?.examples.target.destroy();
    this.#data = undefined;
  }
}

function sum(tensors: readonly NamedTensor[]): number {
  return tensors.reduce((total, { length }) => total + length, 0);
}
