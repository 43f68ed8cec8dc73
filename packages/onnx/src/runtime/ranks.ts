import type { Reduce } from '@clr/core';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import type { FloatArray } from '../training/buckets.ts';
import { hashOf } from './hashOf.ts';

/** The treatment of batch normalisation's running statistics with several processes. */
export type Statistics = 'averaged' | 'local';

/** A single process. */
const alone: Reduce = { rank: 0, size: 1, sum() {}, broadcast() {}, all: (ok) => ok };

/** Checks the option `reduce` of `createTrainer`. */
export function checkReduce(reduce: unknown): void {
  const { rank, size, sum, broadcast, all } = Object(reduce) as Partial<Reduce>;
  const callable = [sum, broadcast, all].every((method) => typeof method === 'function');
  const numbered = Number.isInteger(rank) && Number.isInteger(size) && rank! >= 0 && rank! < size!;
  if (callable && numbered) return;
  throw fail(
    'reduce to have rank, size, sum(), broadcast() and all(), with a rank below the size',
    `reduce = ${show(reduce)}, rank = ${show(rank)}, size = ${show(size)}`,
    'Pass the result of mpi() of @clr/mpi.',
  );
}

/** The processes that train one model together. With a single process, every call returns its input. */
export class Ranks {
  readonly statistics: Statistics;
  readonly #reduce: Reduce;

  constructor(reduce: Reduce = alone, statistics: Statistics = 'averaged') {
    this.#reduce = reduce;
    this.statistics = statistics;
  }

  get rank(): number {
    return this.#reduce.rank;
  }

  /** Whether there is more than one process. */
  get several(): boolean {
    return this.#reduce.size > 1;
  }

  /**
   * Does work that may fail on a single process. If the work fails on any process, this call throws on every process.
   * Otherwise the others would wait forever for the failed process.
   */
  async together<T>(work: () => T | Promise<T>): Promise<T> {
    if (!this.several) return work();
    const done = await Promise.resolve()
      .then(work)
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
    const ok = await this.#reduce.all('value' in done);
    if ('error' in done) throw done.error;
    if (ok) return done.value;
    throw fail(
      'every process to succeed',
      `a failure on another process, seen by process ${this.#reduce.rank}`,
      'Read the error of that process.',
    );
  }

  /** Collects one number from each process, in the order of ranks. */
  async gather(value: number): Promise<Float64Array> {
    const values = new Float64Array(this.#reduce.size);
    values[this.#reduce.rank] = value;
    await this.#reduce.sum([values]);
    return values;
  }

  /**
   * The weighted means of named vectors over all processes. All processes get bit-identical means. The given vectors
   * may be changed.
   */
  async mean(
    weight: number,
    vectors: Readonly<Record<string, FloatArray>>,
  ): Promise<Readonly<Record<string, FloatArray>>> {
    if (!this.several) return vectors;
    const total = Float64Array.of(weight);
    const all = Object.values(vectors);
    for (const vector of all) scale(vector, weight);
    // Send large vectors first, because their transfer can begin while the others are prepared.
    await this.#reduce.sum([...all].sort((a, b) => b.length - a.length).concat(total));
    for (const vector of all) scale(vector, 1 / total[0]!);
    return vectors;
  }

  /** Replaces vectors by those of process 0. */
  async fromFirst(vectors: readonly FloatArray[]): Promise<void> {
    if (this.several) await this.#reduce.broadcast(vectors, 0);
  }

  /**
   * Refuses processes that differ.
   *
   * @param things - the contents to compare, as bytes or text, by name
   */
  async requireSame(
    things: Readonly<Record<string, string | FloatArray | Uint8Array>>,
    advice: string,
  ): Promise<void> {
    if (!this.several) return;
    const differing: string[] = [];
    for (const [name, content] of Object.entries(things)) {
      const hashes = await this.gather(hashOf(content));
      const others = [...hashes.keys()].filter((rank) => hashes[rank] !== hashes[0]);
      if (others.length > 0) differing.push(`${name} of process ${others.join(', ')}`);
    }
    if (differing.length === 0) return;
    throw fail(
      'all processes to train the same model',
      `a difference from process 0 in ${differing.join(' and ')}`,
      advice,
    );
  }
}

/** Multiplies in place. A factor of 0 gives 0 even for NaN, because such a vector does not count. */
function scale(vector: FloatArray, factor: number): void {
  if (factor === 0) vector.fill(0);
  else for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor;
}
