import { fail } from '../errors.ts';
import { show } from '../show.ts';
import { fingerprint } from './fingerprint.ts';
import type { Batch, InferenceSession, Ort, Tensor } from './ort.ts';

/** Identifies an example. */
export type ExampleId = string | number;

/** Returns the ids of a batch's examples, in order. */
export type ExampleIds = (batch: Batch) => readonly ExampleId[];

type Elements = Exclude<Tensor['data'], string[]>;

/** The features of one example: the elements of each output of the body. */
type Row = readonly Elements[];

/** The type and shape of an output, without the batch axis. */
interface Layout {
  readonly type: Tensor['type'];
  readonly dims: readonly number[];
}

/** A cache of features: the outputs of a model's frozen part (the body). They are computed once for each example. */
export class FeatureCache {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #features: readonly string[];
  readonly #inputs: ReadonlySet<string>;
  readonly #ids: ExampleIds;
  readonly #rows = new Map<ExampleId, Row>();
  /** The fingerprint of each example with cached features. */
  readonly #prints = new Map<ExampleId, number>();
  #layouts: readonly Layout[] = [];

  /**
   * @param features - the outputs of the body
   * @param inputs - the inputs of the head
   */
  constructor(
    ort: Ort,
    session: InferenceSession,
    features: readonly string[],
    inputs: readonly string[],
    ids: ExampleIds,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#features = features;
    this.#inputs = new Set(inputs);
    this.#ids = ids;
  }

  /** Converts a batch for the head: replaces the body's inputs by features. */
  async batchOf(batch: Batch): Promise<Batch> {
    const ids = this.#checked(batch);
    const prints = this.#compare(batch, ids);
    if (ids.some((id) => !this.#rows.has(id))) await this.#compute(batch, ids);
    for (const [id, print] of prints) this.#prints.set(id, print);
    const own = new Set(this.#session.inputNames);
    const rest = Object.entries(batch).filter(([name]) => this.#inputs.has(name) || !own.has(name));
    const made = this.#features.map((name, at) => [name, this.#assemble(ids, at)]);
    return Object.fromEntries([...rest, ...made]) as Batch;
  }

  /** Frees the body's session. */
  async release(): Promise<void> {
    this.#rows.clear();
    this.#prints.clear();
    await this.#session.release();
  }

  #checked(batch: Batch): readonly ExampleId[] {
    const ids: unknown = this.#ids(batch);
    const legal = (id: unknown): boolean => typeof id === 'string' || Number.isFinite(id);
    if (Array.isArray(ids) && ids.length > 0 && ids.every(legal)) return ids;
    throw fail(
      'cacheFeatures to return an id (a number or a string) for each example of a batch',
      `${show(ids)}`,
      'Number the examples of your data, and store the numbers of each batch in a Map or WeakMap.',
    );
  }

  /** Refuses an id that is used for two examples. Otherwise the second would silently get the features of the first. */
  #compare(batch: Batch, ids: readonly ExampleId[]): Map<ExampleId, number> {
    const found = new Map<ExampleId, number>();
    const inputs = this.#session.inputNames
      .map((name) => Object(batch)[name] as Tensor | undefined)
      .filter((tensor) => tensor?.location === 'cpu' && tensor.dims[0] === ids.length) as Tensor[];
    if (inputs.length === 0) return found;
    for (const [row, id] of ids.entries()) {
      const print = fingerprint(inputs, row);
      const known = found.get(id) ?? this.#prints.get(id) ?? print;
      if (known !== print) {
        throw fail(
          'each id of cacheFeatures to belong to one example',
          `${show(id)} for a second example, at position ${row} of the batch`,
          'Number the examples of the whole data set, not of a batch, and do not augment them at random.',
        );
      }
      found.set(id, print);
    }
    return found;
  }

  async #compute(batch: Batch, ids: readonly ExampleId[]): Promise<void> {
    const missing = this.#session.inputNames.find((name) => !(name in (batch ?? {})));
    if (missing !== undefined) {
      throw fail(
        `a batch with "${missing}", because some of its examples have no cached features`,
        `only ${Object.keys(batch ?? {}).join(', ') || 'an empty object'}`,
        `Add the tensor "${missing}".`,
      );
    }
    const feeds = Object.fromEntries(this.#session.inputNames.map((name) => [name, batch[name] as Tensor]));
    const found = await this.#session.run(feeds);
    const tensors = this.#features.map((name) => found[name] as Tensor);
    for (const [at, { dims }] of tensors.entries()) {
      if (dims[0] === ids.length) continue;
      throw fail(
        `an id for each example, and features with one row for each example`,
        `${ids.length} ids, and "${this.#features[at]}" of shape [${dims.join(', ')}]`,
        'Check the result of cacheFeatures, or train without it.',
      );
    }
    this.#layouts = tensors.map(({ type, dims }) => ({ type, dims: dims.slice(1) }));
    for (const [row, id] of ids.entries()) {
      if (this.#rows.has(id)) continue;
      this.#rows.set(
        id,
        tensors.map(({ data }) => {
          const size = data.length / ids.length;
          return (data as Elements).slice(row * size, (row + 1) * size);
        }),
      );
    }
  }

  #assemble(ids: readonly ExampleId[], at: number): Tensor {
    const { type, dims } = this.#layouts[at] as Layout;
    const parts = ids.map((id) => (this.#rows.get(id) as Row)[at] as Float32Array);
    const size = parts[0]?.length ?? 0;
    const Elements = (parts[0] as Float32Array).constructor as Float32ArrayConstructor;
    const data = new Elements(size * ids.length);
    for (const [row, part] of parts.entries()) data.set(part, row * size);
    const { Tensor } = this.#ort;
    return new Tensor(type as 'float32', data, [ids.length, ...dims]);
  }
}
