import type { Reduce } from '@clr/core';
import { fail } from '../assert.ts';

type Vector = Float32Array | Float64Array;

/** A call that waits for the other ranks. */
interface Call {
  readonly kind: string;
  readonly vectors: readonly Vector[];
  readonly ok: boolean;
  resolve(ok: boolean): void;
  reject(error: unknown): void;
}

/**
 * Several ranks in one process, for tests. Each behaves like a separate process if its work is asynchronous. If ranks
 * make different calls, every rank gets an error; real processes might wait forever.
 *
 * @param size - the number of ranks
 *
 * @example
 * ```ts
 * const [first, second] = ranksInProcess(2);
 * const [a, b] = [Float32Array.of(1), Float32Array.of(2)];
 * await Promise.all([first.sum([a]), second.sum([b])]);
 * [a[0], b[0]]; // [3, 3]
 * ```
 */
export function ranksInProcess(size: number): Reduce[] {
  const waiting: (Call | undefined)[] = Array.from({ length: size });

  /** Registers a call of one rank, and does the work when the last rank has called. */
  function call(rank: number, kind: string, vectors: readonly Vector[], ok = true): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (waiting[rank]) return reject(failure(`two calls at once by rank ${rank}`, kind));
      waiting[rank] = { kind, vectors, ok, resolve, reject };
      const calls = waiting.filter((each) => each !== undefined);
      if (calls.length < size) return;
      waiting.fill(undefined);
      const shapes = calls.map((each) => describe(each));
      if (new Set(shapes).size > 1) {
        const error = failure('different calls by the ranks', shapes.join(' and '));
        for (const each of calls) each.reject(error);
        return;
      }
      work(kind, calls);
      const all = calls.every((each) => each.ok);
      for (const each of calls) each.resolve(all);
    });
  }

  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    sum: async (vectors: readonly Vector[]) => void (await call(rank, 'sum', vectors)),
    broadcast: async (vectors: readonly Vector[], root: number) =>
      void (await call(rank, `broadcast ${root}`, vectors)),
    all: (ok: boolean) => call(rank, 'all', [], ok),
  }));
}

const describe = ({ kind, vectors }: Call): string =>
  `${kind}(${vectors.map((vector) => `${vector.constructor.name} ${vector.length}`).join(', ')})`;

function work(kind: string, calls: readonly Call[]): void {
  const [name, root] = kind.split(' ');
  const first = calls[Number(root ?? 0)]!;
  for (const [index, vector] of first.vectors.entries()) {
    const result = vector.slice();
    if (name === 'sum') {
      for (let i = 0; i < result.length; i++) {
        result[i] = calls.reduce((sum, { vectors }) => sum + vectors[index]![i]!, 0);
      }
    }
    for (const { vectors } of calls) vectors[index]!.set(result);
  }
}

function failure(received: string, detail: string): Error {
  return fail(
    'the same calls by every rank',
    `${received}: ${detail}`,
    'Make the same calls in the same order on every rank.',
  );
}
