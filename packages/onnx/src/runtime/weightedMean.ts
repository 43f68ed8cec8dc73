import type { FloatArray } from '../training/buckets.ts';

type Vectors = Readonly<Record<string, FloatArray>>;

/** The weighted mean of named vectors over several batches. */
export class WeightedMean {
  #total = 0;
  /** The only vectors so far. In the common case, a step has one batch, so no sums are needed. */
  #only: Vectors | undefined;
  readonly #sums = new Map<string, { sum: Float64Array; like: FloatArray }>();

  /** The sum of the weights so far. */
  get total(): number {
    return this.#total;
  }

  /** Adds vectors. They must not change until the result is read. */
  add(weight: number, vectors: Vectors): void {
    const before = this.#total;
    this.#total += weight;
    if (this.#sums.size === 0 && this.#only === undefined) {
      this.#only = vectors;
      return;
    }
    if (this.#only) this.#count(before, this.#only);
    this.#only = undefined;
    this.#count(weight, vectors);
  }

  #count(weight: number, vectors: Vectors): void {
    for (const [name, vector] of Object.entries(vectors)) {
      const known = this.#sums.get(name);
      const { sum } = known ?? { sum: new Float64Array(vector.length) };
      if (!known) this.#sums.set(name, { sum, like: vector });
      // If every label of a batch is ignored, its mean loss is 0 / 0, which must not spoil the other means.
      if (weight === 0) continue;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (vector[i] as number);
    }
  }

  /** The means, in the types of the added vectors. If vectors were added only once, they are returned as they are. */
  result(): Vectors {
    if (this.#only) return this.#only;
    return Object.fromEntries(
      [...this.#sums].map(([name, { sum, like }]) => {
        const mean = like instanceof Float64Array ? sum : new Float32Array(sum.length);
        for (let i = 0; i < sum.length; i++) mean[i] = (sum[i] as number) / this.#total;
        return [name, mean];
      }),
    );
  }
}
