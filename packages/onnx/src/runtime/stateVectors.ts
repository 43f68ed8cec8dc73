import { fail } from '../errors.ts';
import type { FloatArray } from '../training/buckets.ts';
import type { StateTensor } from '../training/trainingModel.ts';
import type { Ort, Tensor } from './ort.ts';

interface Slot {
  readonly info: StateTensor;
  current: Tensor;
  /** Where the runtime writes the successor; only on runtimes that can. */
  spare: Tensor | undefined;
}

function copyOf(data: FloatArray): FloatArray {
  return data.slice();
}

/**
 * The vectors that live from step to step. Each is kept twice: a step reads one copy and writes the other,
 * and then they change places, so a step allocates nothing and one that fails leaves everything as it was.
 */
export class StateVectors {
  readonly #ort: Ort;
  readonly #slots: Slot[];
  readonly #writesInPlace: boolean;

  constructor(ort: Ort, state: readonly StateTensor[]) {
    this.#ort = ort;
    // onnxruntime-web gives CPU outputs as new arrays; only the Node binding fills the caller's.
    this.#writesInPlace = ort.env?.versions?.node !== undefined;
    this.#slots = state.map((info) => {
      const replaced = this.#writesInPlace && info.output !== undefined;
      return {
        info,
        current: this.#tensor(copyOf(info.initial)),
        spare: replaced ? this.#tensor(copyOf(info.initial)) : undefined,
      };
    });
  }

  #tensor(data: FloatArray): Tensor {
    return data instanceof Float64Array
      ? new this.#ort.Tensor('float64', data, [data.length])
      : new this.#ort.Tensor('float32', data, [data.length]);
  }

  /** The current vectors by input, as far as a model reads them. */
  feeds(inputs: Iterable<string>): Record<string, Tensor> {
    const wanted = new Set(inputs);
    const feeds: Record<string, Tensor> = {};
    for (const { info, current } of this.#slots) if (wanted.has(info.input)) feeds[info.input] = current;
    return feeds;
  }

  /** Where the outputs go: the spare vectors, or `null` for new ones. */
  fetches(): Record<string, Tensor | null> {
    const fetches: Record<string, Tensor | null> = {};
    for (const { info, spare } of this.#slots) if (info.output) fetches[info.output] = spare ?? null;
    return fetches;
  }

  /** After a step that went well: its outputs are the current vectors. */
  advance(results: Readonly<Record<string, Tensor>>): void {
    for (const slot of this.#slots) {
      if (!slot.info.output) continue;
      const next = slot.spare ?? (results[slot.info.output] as Tensor);
      if (slot.spare) slot.spare = slot.current;
      slot.current = next;
    }
  }

  /** The current content of a vector; a view, valid until the next step. */
  data(input: string): FloatArray {
    const slot = this.#slots.find(({ info }) => info.input === input) as Slot;
    return slot.current.data as FloatArray;
  }

  /** Every tensor of the given roles by name, as views that are valid until the next step. */
  *parts(
    ...roles: readonly string[]
  ): Generator<{ name: string; dims: readonly number[]; data: FloatArray }> {
    for (const { info, current } of this.#slots) {
      if (!roles.includes(info.role)) continue;
      for (const { name, dims, offset } of info.parts) {
        const length = dims.reduce((size, dim) => size * dim, 1);
        yield { name, dims, data: (current.data as FloatArray).subarray(offset, offset + length) };
      }
    }
  }

  /** A copy of everything, by input. */
  save(): Record<string, FloatArray> {
    return Object.fromEntries(
      this.#slots.map(({ info, current }) => [info.input, copyOf(current.data as FloatArray)]),
    );
  }

  /** Puts a copy of a saved state in place; checks all of it before it changes anything. */
  load(saved: unknown): void {
    const content = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
    const checked = this.#slots.map((slot) => {
      const data = Object.hasOwn(content, slot.info.input) ? content[slot.info.input] : undefined;
      const { initial, input } = slot.info;
      if (!(data instanceof initial.constructor) || (data as FloatArray).length !== initial.length) {
        throw fail(
          `a snapshot of this trainer, with ${initial.length} numbers in "${input}"`,
          data === undefined ? `nothing under "${input}"` : `${(data as FloatArray).length ?? 0} numbers`,
          'Restore a snapshot taken from the same model with the same options.',
        );
      }
      return data as FloatArray;
    });
    this.#slots.forEach((slot, i) => {
      const data = checked[i] as FloatArray;
      if (slot.spare) (slot.current.data as FloatArray).set(data as Float32Array);
      else slot.current = this.#tensor(copyOf(data));
    });
  }
}
