import type { ClrError } from '@clr/core';
import type { FloatArray } from '../training/buckets.ts';
import type { StateTensor, TrainingModel } from '../training/trainingModel.ts';
import { copyModel, copyName } from './copyModel.ts';
import { letGo } from './letGo.ts';
import type { InferenceSession, Ort, Tensor } from './ort.ts';
import type { FittingSnapshot, SavedLayout } from './snapshot.ts';
import { isLarge } from './updateChunks.ts';
import { WeightedMean } from './weightedMean.ts';

interface Slot {
  readonly info: Omit<StateTensor, 'initial'>;
  readonly double: boolean;
  readonly length: number;
  /** The value of elements that a snapshot lacks. */
  readonly start: number;
  current: Tensor;
  /** The tensor into which the runtime writes the next vector, if it can write into given memory. */
  spare: Tensor | undefined;
}

/** A tensor of the state, as a part of its vector. */
export interface StatePart {
  readonly name: string;
  readonly dims: readonly number[];
  /** A view, valid until the next step. */
  readonly data: FloatArray;
}

function copyOf(data: FloatArray): FloatArray {
  return data.slice();
}

const emptyVector = (double: boolean, length: number): FloatArray =>
  double ? new Float64Array(length) : new Float32Array(length);

/** Assembles a vector from a snapshot's tensors. Elements that the snapshot lacks come from `otherwise`. */
function assemble(
  { info: { role, parts }, double, length, start }: Slot,
  saved: FittingSnapshot,
  otherwise?: FloatArray,
): FloatArray {
  const vector = otherwise ? copyOf(otherwise) : emptyVector(double, length).fill(start);
  for (const { name, offset } of parts) {
    const data = saved.find(role, name);
    if (data) vector.set(data as Float32Array, offset);
  }
  return vector;
}

/**
 * The state vectors that persist between steps. Small vectors in memory are kept twice: a step reads one copy and
 * writes the other, and then they are swapped. So a step allocates nothing. Large vectors are kept once, and replaced
 * by the runtime's outputs; see {@link isLarge}. On a device, each step's outputs stay there and become the next step's
 * inputs. A session run that fails leaves the state as it was.
 */
export class StateVectors {
  readonly #ort: Ort;
  readonly #slots: Slot[];
  readonly #session: InferenceSession.SessionOptions;
  readonly #onDevice: boolean;
  /** Whether vectors in memory are kept once and replaced by the runtime's outputs. */
  readonly #keptOnce: boolean;
  #copier: Promise<InferenceSession> | undefined;
  /** The reason why the vectors are inconsistent, if they are. */
  #torn: ClrError | undefined;

  /**
   * Takes ownership of the initial vectors. They must not be used elsewhere afterwards.
   *
   * @param onDevice - whether the runtime keeps the vectors on a device between steps
   */
  constructor(
    ort: Ort,
    state: readonly StateTensor[],
    session: InferenceSession.SessionOptions,
    onDevice: boolean,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#onDevice = onDevice;
    // onnxruntime-web returns CPU outputs as new arrays. Only the Node binding can fill given arrays.
    const inMemory = !onDevice && ort.env?.versions?.node !== undefined;
    this.#keptOnce = inMemory && isLarge(state);
    const writesInPlace = inMemory && !this.#keptOnce;
    this.#slots = state.map(({ initial, ...info }) => {
      const replaced = writesInPlace && info.output !== undefined;
      const double = initial instanceof Float64Array;
      const { length } = initial;
      const slot = info.role !== 'parameters' && info.role !== 'buffers';
      return {
        ...{ info, double, length, start: slot ? (initial[0] ?? 0) : 0 },
        current: this.#tensor(initial),
        spare: replaced ? this.#tensor(emptyVector(double, length)) : undefined,
      };
    });
  }

  #tensor(data: FloatArray): Tensor {
    return data instanceof Float64Array
      ? new this.#ort.Tensor('float64', data, [data.length])
      : new this.#ort.Tensor('float32', data, [data.length]);
  }

  /**
   * Marks the vectors as inconsistent, because only some of them have been updated. Reading them throws `why` until a
   * complete snapshot is loaded.
   */
  tear(why: ClrError): void {
    this.#torn = why;
  }

  #check(): void {
    if (this.#torn) throw this.#torn;
  }

  /** The locations where a session leaves the vectors that it replaces. */
  locations(): Record<string, 'gpu-buffer'> {
    const outputs = this.#slots.flatMap(({ info }) => info.output ?? []);
    return this.#onDevice ? Object.fromEntries(outputs.map((name) => [name, 'gpu-buffer'])) : {};
  }

  /** The current vectors that a model reads, by input. */
  feeds(inputs: Iterable<string>): Record<string, Tensor> {
    this.#check();
    const wanted = new Set(inputs);
    const feeds: Record<string, Tensor> = {};
    for (const { info, current } of this.#slots) if (wanted.has(info.input)) feeds[info.input] = current;
    return feeds;
  }

  /** The destinations of a model's outputs: the spare vectors, or `null` for new vectors. */
  fetches({ state }: Pick<TrainingModel, 'state'>): Record<string, Tensor | null> {
    const replaced = new Set(state.flatMap(({ output }) => output ?? []));
    const fetches: Record<string, Tensor | null> = {};
    for (const { info, spare } of this.#slots) {
      if (info.output && replaced.has(info.output)) fetches[info.output] = spare ?? null;
    }
    return fetches;
  }

  /** Makes the vectors among the outputs of a successful run the current vectors. */
  advance(results: Readonly<Record<string, Tensor>>): void {
    for (const slot of this.#slots) {
      if (!slot.info.output || !results[slot.info.output]) continue;
      const result = results[slot.info.output] as Tensor;
      const next = slot.spare ?? result;
      if (slot.spare) {
        slot.spare = slot.current;
        // The Node binding fills the given vector and also returns a copy of it.
        if (result.data !== next.data) letGo(result.data as FloatArray);
      } else if (this.#keptOnce) {
        letGo(slot.current.data as FloatArray);
      }
      this.#put(slot, next);
    }
  }

  /** Makes a tensor the slot's current tensor, and frees the device memory of the previous tensor. */
  #put(slot: Slot, next: Tensor): void {
    if (slot.current.location !== 'cpu') slot.current.dispose();
    slot.current = next;
  }

  /** The vectors in memory, by input. Vectors that are already in memory are not copied. */
  async #inMemory(slots: readonly Slot[]): Promise<Map<string, FloatArray>> {
    this.#check();
    const away = slots.filter(({ current }) => current.location !== 'cpu');
    const content = new Map(
      slots
        .filter(({ current }) => current.location === 'cpu')
        .map(({ info, current }) => [info.input, current.data as FloatArray]),
    );
    if (away.length === 0) return content;
    const all = this.#slots.filter(({ info }) => info.output);
    this.#copier ??= this.#ort.InferenceSession.create(
      copyModel(all.map(({ info: { input }, double, length }) => ({ input, double, length }))),
      this.#session,
    );
    const results = await (await this.#copier).run(
      this.feeds(all.map(({ info }) => info.input)),
      away.map(({ info }) => copyName(info.input)),
    );
    for (const { info } of away) {
      content.set(info.input, results[copyName(info.input)]?.data as FloatArray);
    }
    return content;
  }

  /** All tensors of the given roles. */
  async parts(...roles: readonly string[]): Promise<StatePart[]> {
    const slots = this.#slots.filter(({ info }) => roles.includes(info.role));
    const content = await this.#inMemory(slots);
    return slots.flatMap(({ info }) => {
      const vector = content.get(info.input) as FloatArray;
      return info.parts.map(({ name, dims, offset }) => {
        const length = dims.reduce((size, dim) => size * dim, 1);
        return { name, dims, data: vector.subarray(offset, offset + length) };
      });
    });
  }

  /** The vectors of a role, one for each bucket. They are views, valid until the next step. */
  async vectors(role: string): Promise<FloatArray[]> {
    const slots = this.#slots.filter(({ info }) => info.role === role);
    const content = await this.#inMemory(slots);
    return slots.map(({ info }) => content.get(info.input) as FloatArray);
  }

  /** Puts back the vectors of a role after they were changed in place; see {@link vectors}. */
  put(role: string, vectors: readonly FloatArray[]): void {
    const slots = this.#slots.filter(({ info }) => info.role === role);
    for (const [i, slot] of slots.entries()) {
      // A vector in memory was changed in place, so it is already current.
      if (slot.current.location !== 'cpu') this.#put(slot, this.#tensor(vectors[i] as FloatArray));
    }
  }

  /** Copies all vectors, or those of one role, by input. */
  async save(role?: string): Promise<Record<string, FloatArray>> {
    const content = await this.#inMemory(
      this.#slots.filter(({ info }) => role === undefined || info.role === role),
    );
    return Object.fromEntries([...content].map(([input, data]) => [input, copyOf(data)]));
  }

  /** The layout of the saved vectors. */
  layout(): SavedLayout[] {
    return this.#slots.map(({ info: { role, input, parts } }) => ({ role, input, parts }));
  }

  /** Returns the last state, but with the weighted means of all parameters and running statistics. */
  average(saved: readonly FittingSnapshot[], weights: readonly number[]): Record<string, FloatArray> {
    const mean = new WeightedMean();
    let last: Record<string, FloatArray> = {};
    const model = this.#slots.filter(({ info }) => info.role === 'parameters' || info.role === 'buffers');
    const averaged = new Set(model.map(({ info }) => info.input));
    for (const [index, snapshot] of saved.entries()) {
      last = Object.fromEntries(this.#slots.map((slot) => [slot.info.input, assemble(slot, snapshot)]));
      const weight = weights[index] as number;
      mean.add(weight, Object.fromEntries(Object.entries(last).filter(([input]) => averaged.has(input))));
    }
    return Object.fromEntries(
      Object.entries({ ...last, ...mean.result() }).map(([input, vector]) => [input, copyOf(vector)]),
    );
  }

  /** Restores a saved state by the names of its tensors. Tensors that the snapshot lacks stay unchanged. */
  async load(saved: FittingSnapshot): Promise<void> {
    const missing = this.#slots.filter(({ info: { role, parts } }) =>
      parts.some(({ name }) => !saved.find(role, name)),
    );
    const now = missing.length > 0 ? await this.#inMemory(missing) : new Map<string, FloatArray>();
    this.putBack(
      Object.fromEntries(
        this.#slots.map((slot) => [slot.info.input, assemble(slot, saved, now.get(slot.info.input))]),
      ),
    );
    this.#torn = undefined;
  }

  /** Restores copies of the vectors that {@link save} returned. Other vectors stay unchanged. */
  putBack(vectors: Readonly<Record<string, FloatArray>>): void {
    for (const slot of this.#slots) {
      const data = vectors[slot.info.input];
      if (!data) continue;
      if (slot.spare) (slot.current.data as FloatArray).set(data as Float32Array);
      else this.#put(slot, this.#tensor(copyOf(data)));
    }
  }

  /** Frees the device memory. */
  async dispose(): Promise<void> {
    for (const { current } of this.#slots) if (current.location !== 'cpu') current.dispose();
    await (await this.#copier)?.release();
  }
}
