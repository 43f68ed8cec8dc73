import type { StepResult } from '@clr/core';
import type { TrainingModel } from '../training/trainingModel.ts';
import { orExplained } from './explainRefusal.ts';
import type { InferenceSession, Tensor } from './ort.ts';
import type { Runner } from './runners.ts';

/** The output tensors of a session, by name. */
export type Found = Readonly<Record<string, Tensor>>;

/** Runs a session. If the runtime refuses, the trainer is unchanged. */
export function run(
  { model, session }: Runner,
  feeds: Found,
  fetches: InferenceSession.FetchesType,
): Promise<Found> {
  return orExplained(session.run(feeds, fetches), {
    bytes: model.bytes,
    expected: 'a model and a batch that ONNX Runtime can run',
    advice: 'Check the sizes of the batch, and the model with onnx.checker.',
  });
}

/** The outputs of a model that hold metrics, as fetches. */
export function metricsOf({ loss, accuracy }: TrainingModel): Record<string, null> {
  return Object.fromEntries([loss, accuracy].flatMap((name) => (name ? [[name, null]] : [])));
}

/** Reads the metrics that sessions return. Metrics on a device are read asynchronously. */
export class Results {
  /** Pending reads of losses on the device. Nothing may be released before they finish. */
  readonly #reads = new Set<Promise<number>>();

  /** The metrics in a session's outputs. */
  of({ loss, accuracy }: TrainingModel, found: Found): StepResult {
    return {
      loss: this.#scalar(found[loss as string] as Tensor),
      ...(accuracy ? { accuracy: this.#scalar(found[accuracy] as Tensor) } : {}),
    };
  }

  #scalar(tensor: Tensor): number | Promise<number> {
    if (tensor.location === 'cpu') return Number(tensor.data[0]);
    const read = tensor.getData(true).then((data) => Number(data[0]));
    this.#reads.add(read);
    const forget = (): boolean => this.#reads.delete(read);
    read.then(forget, forget);
    return read;
  }

  /** Resolves when all metrics have been read. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#reads);
  }
}
