import { isBytes } from '../device/arrayKind.ts';
import { usage } from '../device/flags.ts';
import { type Dispatch, encodeDispatch } from '../device/pipelines.ts';
import { badArgument } from '../errors.ts';
import { type BatchBuffers, type Examples, gatherDispatch } from './compile/gather.ts';
import { checkExamples, padded, targetArray } from './exampleData.ts';
import { type Network, volume } from './network.ts';
import type { Batch } from './trainer.ts';

/** Copies batches of floats or bytes from host memory into the network's input. */
export class HostBatches {
  readonly #device: GPUDevice;
  readonly #network: Network;
  readonly #batch: number;
  readonly #floats: Place;
  readonly #bytes: Place;

  constructor(device: GPUDevice, network: Network, batch: number, buffers: BatchBuffers) {
    this.#device = device;
    this.#network = network;
    this.#batch = batch;
    this.#floats = this.#place(buffers, false);
    this.#bytes = this.#place(buffers, true);
  }

  /** Refuses a batch that does not fit. Returns its number of examples. */
  check(batch: Batch, training: boolean): number {
    const count = checkExamples(this.#network, batch);
    const statistical = training && this.#network.statistics.length > 0;
    if (count > this.#batch || (statistical && count !== this.#batch)) {
      throw badArgument(
        `a batch of ${statistical ? '' : 'at most '}${this.#batch} examples`,
        `${count}`,
        statistical ? 'Batch normalization needs full batches in training.' : 'Split the batch.',
      );
    }
    return count;
  }

  /** Uploads a checked batch and encodes its copy into the input. */
  encode(pass: GPUComputePassEncoder, batch: Batch): void {
    const { examples, dispatch } = isBytes(batch.input) ? this.#bytes : this.#floats;
    this.#device.queue.writeBuffer(examples.input, 0, padded(batch.input));
    this.#device.queue.writeBuffer(examples.target, 0, targetArray(this.#network, batch.target));
    encodeDispatch(pass, dispatch);
  }

  dispose(): void {
    for (const { examples } of [this.#floats, this.#bytes]) {
      examples.input.destroy();
      examples.target.destroy();
    }
  }

  #place(buffers: BatchBuffers, bytes: boolean): Place {
    const { loss, output, input } = this.#network;
    const numbers = this.#batch * volume(input);
    const targets = this.#batch * (loss === 'crossEntropy' ? 1 : volume(output));
    const make = (label: string, length: number): GPUBuffer =>
      this.#device.createBuffer({ label, size: length * 4, usage: usage.storage | usage.copyTarget });
    const examples: Examples = {
      input: make('clr host batch', bytes ? Math.ceil(numbers / 4) : numbers),
      bytes,
      target: make('clr host targets', targets),
      count: this.#batch,
    };
    const description = { loss, output, batch: this.#batch, seed: undefined };
    return { examples, dispatch: gatherDispatch(this.#device, description, buffers, examples) };
  }
}

interface Place {
  readonly examples: Examples;
  readonly dispatch: Dispatch;
}
