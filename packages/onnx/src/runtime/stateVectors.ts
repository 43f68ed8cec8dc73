import type { FloatArray } from '../training/buckets.ts';
import type { StateTensor, TrainingModel } from '../training/trainingModel.ts';
import { copyModel, copyName } from './copyModel.ts';
import { letGo } from './letGo.ts';
import type { InferenceSession, Ort, Tensor } from './ort.ts';
import type { FittingSnapshot, SavedLayout } from './snapshot.ts';
import { WeightedMean } from './weightedMean.ts';

interface Slot {
  readonly info: StateTensor;
  current: Tensor;
  /** Where the runtime writes the successor; only in memory, on runtimes that can. */
  spare: Tensor | undefined;
}

/** A tensor of the state as it stands in its vector. */
export interface StatePart {
  readonly name: string;
  readonly dims: readonly number[];
  /** A view, valid until the next step. */
  readonly data: FloatArray;
}

function copyOf(data: FloatArray): FloatArray {
  return data.slice();
}

/** Assembles a vector from a snapshot's tensors. Elements that the snapshot lacks come from `otherwise`. */
function assemble(
  { role, parts, initial }: StateTensor,
  saved: FittingSnapshot,
  otherwise: FloatArray = initial,
): FloatArray {
  const vector = copyOf(otherwise);
  for (const { name, offset } of parts) {
    const data = saved.find(role, name);
    if (data) vector.set(data as Float32Array, offset);
  }
  return vector;
}

/**
 * The vectors that live from step to step. In memory each is kept twice: a step reads one copy and writes the other,
 * then they are swapped, so a step allocates nothing. On a device each step's outputs stay there and become the next
 * step's inputs. In both cases a step that fails changes nothing.
 */
export class StateVectors {
  readonly #ort: Ort;
  readonly #slots: Slot[];
  readonly #session: InferenceSession.SessionOptions;
  readonly #onDevice: boolean;
  #copier: Promise<InferenceSession> | undefined;

  /** @param onDevice - whether the runtime keeps the vectors on a device between steps */
  constructor(
    ort: Ort,
    state: readonly StateTensor[],
    session: InferenceSession.SessionOptions,
    onDevice: boolean,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#onDevice = onDevice;
    // onnxruntime-web gives CPU outputs as new arrays; only the Node binding fills the caller's.
    const writesInPlace = !onDevice && ort.env?.versions?.node !== undefined;
    this.#slots = state.map((info) => {
      const replaced = writesInPlace && info.output !== undefined;
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

  /** Where a session that replaces the vectors is to leave them. */
  locations(): Record<string, 'gpu-buffer'> {
    const outputs = this.#slots.flatMap(({ info }) => info.output ?? []);
    return this.#onDevice ? Object.fromEntries(outputs.map((name) => [name, 'gpu-buffer'])) : {};
  }

  /** The current vectors that a model reads, by input. */
  feeds(inputs: Iterable<string>): Record<string, Tensor> {
    const wanted = new Set(inputs);
    const feeds: Record<string, Tensor> = {};
    for (const { info, current } of this.#slots) if (wanted.has(info.input)) feeds[info.input] = current;
    return feeds;
  }

  /** Where a model's outputs go: the spare vectors, or `null` for new ones. */
  fetches({ state }: Pick<TrainingModel, 'state'>): Record<string, Tensor | null> {
    const replaced = new Set(state.flatMap(({ output }) => output ?? []));
    const fetches: Record<string, Tensor | null> = {};
    for (const { info, spare } of this.#slots) {
      if (info.output && replaced.has(info.output)) fetches[info.output] = spare ?? null;
    }
    return fetches;
  }

  /** After a run that went well: the vectors among its outputs are the current ones. */
  advance(results: Readonly<Record<string, Tensor>>): void {
    for (const slot of this.#slots) {
      if (!slot.info.output || !results[slot.info.output]) continue;
      const result = results[slot.info.output] as Tensor;
      const next = slot.spare ?? result;
      if (slot.spare) {
        slot.spare = slot.current;
        // The Node binding fills the given vector and gives a copy of it.
        if (result.data !== next.data) letGo(result.data as FloatArray);
      }
      this.#put(slot, next);
    }
  }

  /** Makes a tensor the current one and lets go of the device's memory of the one before. */
  #put(slot: Slot, next: Tensor): void {
    if (slot.current.location !== 'cpu') slot.current.dispose();
    slot.current = next;
  }

  /** The vectors in memory, by input. Vectors that are already in memory are not copied. */
  async #inMemory(slots: readonly Slot[]): Promise<Map<string, FloatArray>> {
    const away = slots.filter(({ current }) => current.location !== 'cpu');
    const content = new Map(
      slots
        .filter(({ current }) => current.location === 'cpu')
        .map(({ info, current }) => [info.input, current.data as FloatArray]),
    );
    if (away.length === 0) return content;
    const all = this.#slots.filter(({ info }) => info.output);
    this.#copier ??= this.#ort.InferenceSession.create(copyModel(all.map(({ info }) => info)), this.#session);
    const results = await (await this.#copier).run(
      this.feeds(all.map(({ info }) => info.input)),
      away.map(({ info }) => copyName(info.input)),
    );
    for (const { info } of away) {
      content.set(info.input, results[copyName(info.input)]?.data as FloatArray);
    }
    return content;
  }

  /** Every tensor of the given roles. */
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

  /** The vectors of a role, one for each bucket that has it: views, valid until the next step. */
  async vectors(role: string): Promise<FloatArray[]> {
    const slots = this.#slots.filter(({ info }) => info.role === role);
    const content = await this.#inMemory(slots);
    return slots.map(({ info }) => content.get(info.input) as FloatArray);
  }

  /** Makes these the vectors of a role, after they were changed in place: see {@link vectors}. */
  put(role: string, vectors: readonly FloatArray[]): void {
    const slots = this.#slots.filter(({ info }) => info.role === role);
    for (const [i, slot] of slots.entries()) {
      // A vector in memory is the current one already.
      if (slot.current.location !== 'cpu') this.#put(slot, this.#tensor(vectors[i] as FloatArray));
    }
  }

  /** A copy of everything, by input. */
  async save(): Promise<Record<string, FloatArray>> {
    const content = await this.#inMemory(this.#slots);
    return Object.fromEntries([...content].map(([input, data]) => [input, copyOf(data)]));
  }

  /** The layout of the saved vectors. */
  layout(): SavedLayout[] {
    return this.#slots.map(({ info: { role, input, parts } }) => ({ role, input, parts }));
  }

  /** The last state with the weighted means of all parameters and running statistics. */
  average(saved: readonly FittingSnapshot[], weights: readonly number[]): Record<string, FloatArray> {
    const mean = new WeightedMean();
    let last: Record<string, FloatArray> = {};
    const model = this.#slots.filter(({ info }) => info.role === 'parameters' || info.role === 'buffers');
    const averaged = new Set(model.map(({ info }) => info.input));
    for (const [index, snapshot] of saved.entries()) {
      last = Object.fromEntries(this.#slots.map(({ info }) => [info.input, assemble(info, snapshot)]));
      const weight = weights[index] as number;
      mean.add(weight, Object.fromEntries(Object.entries(last).filter(([input]) => averaged.has(input))));
    }
    return Object.fromEntries(
      Object.entries({ ...last, ...mean.result() }).map(([input, vector]) => [input, copyOf(vector)]),
    );
  }

  /** Restores a saved state by the names of its tensors. Tensors that it lacks stay as they are. */
  async load(saved: FittingSnapshot): Promise<void> {
    const missing = this.#slots.filter(({ info: { role, parts } }) =>
      parts.some(({ name }) => !saved.find(role, name)),
    );
    const now = await this.#inMemory(missing);
    this.putBack(
      Object.fromEntries(
        this.#slots.map(({ info }) => [info.input, assemble(info, saved, now.get(info.input))]),
      ),
    );
  }

  /** Restores copies of the vectors that {@link save} returned. */
  putBack(vectors: Readonly<Record<string, FloatArray>>): void {
    for (const slot of this.#slots) {
      const data = vectors[slot.info.input] as FloatArray;
      if (slot.spare) (slot.current.data as FloatArray).set(data as Float32Array);
      else this.#put(slot, this.#tensor(copyOf(data)));
    }
  }

  /** Frees what the device holds. */
  async dispose(): Promise<void> {
    for (const { current } of this.#slots) if (current.location !== 'cpu') current.dispose();
    await (await this.#copier)?.release();
  }
}
