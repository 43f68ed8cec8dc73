import type { Hyperparameters } from '@clr/core';
import type { FloatArray } from '../training/buckets.ts';
import type { Written } from '../training/emit.ts';
import type { TrainingModel } from '../training/trainingModel.ts';
import type { FedWeights } from './fedWeights.ts';
import type { Batch, Ort, Tensor } from './ort.ts';
import type { StateVectors } from './stateVectors.ts';

/** Each micro-batch of a step gets its own dropout masks. After this many micro-batches the masks repeat. */
const maxParts = 4096n;

/** Makes the inputs of a session: the batch, the state, and the scalars of a step. */
export class Feeds {
  readonly #ort: Ort;
  readonly #state: StateVectors;
  readonly #weights: FedWeights;
  /** The number of updates so far. */
  steps = 0;

  constructor(ort: Ort, state: StateVectors, weights: FedWeights) {
    this.#ort = ort;
    this.#state = state;
    this.#weights = weights;
  }

  /**
   * The inputs of a model, except the rates.
   *
   * @param part - the number of the batch within one update; each batch draws its own masks
   */
  of({ state, rngStep, fed: weights }: Written, batch: Batch, part = 0): Record<string, Tensor> {
    const fed = {
      ...batch,
      ...this.#weights.feeds(weights),
      ...this.#state.feeds(state.map(({ input }) => input)),
    };
    return rngStep ? { ...fed, [rngStep]: this.#integer(BigInt(this.steps) * maxParts + BigInt(part)) } : fed;
  }

  /** The hyperparameters and the number of a step, as inputs. */
  rates({ lr, step, ...model }: TrainingModel, hyper: Hyperparameters): Record<string, Tensor> {
    const float = (value: number): Tensor => new this.#ort.Tensor('float32', Float32Array.of(value), []);
    return {
      ...(lr ? { [lr]: float(hyper.lr) } : {}),
      ...Object.fromEntries(
        (['momentum', 'weightDecay', 'clipNorm'] as const).flatMap((name) => {
          const input = model[name];
          return input ? [[input.name, float(hyper[name] ?? input.preset)]] : [];
        }),
      ),
      ...(step ? { [step]: this.#integer(BigInt(this.steps)) } : {}),
    };
  }

  /** Vectors as tensors. */
  vectors(vectors: Readonly<Record<string, FloatArray>>): Record<string, Tensor> {
    const { Tensor } = this.#ort;
    return Object.fromEntries(
      Object.entries(vectors).map(([name, data]) => [
        name,
        data instanceof Float64Array
          ? new Tensor('float64', data, [data.length])
          : new Tensor('float32', data, [data.length]),
      ]),
    );
  }

  #integer(value: bigint): Tensor {
    return new this.#ort.Tensor('int64', BigInt64Array.of(value), []);
  }
}
