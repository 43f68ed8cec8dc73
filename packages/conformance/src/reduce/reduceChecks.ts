import type { Reduce } from '@clr/core';
import { fail } from '../assert.ts';

/** One property that an implementation of core's `Reduce` must have. Every rank runs the check at the same time. */
export interface ReduceCheck {
  /** The property that is checked, such as `sums in place, in float32 and float64, several vectors in one call`. */
  readonly name: string;
  /** Rejects with a `ClrError` that states what was expected and what was received. */
  run(reduce: Reduce): Promise<void>;
}

type Vector = Float32Array | Float64Array;

/** Numbers whose float32 sum depends on the order of addition. */
const awkward = (rank: number, length: number): number[] =>
  Array.from({ length }, (_, i) => Math.sin(1 + i * 7 + rank * 13) * 10 ** ((i + 3 * rank) % 6));

/** Gathers the vectors of all ranks, by adding each to zeros from the other ranks. */
async function gather(reduce: Reduce, vector: Vector): Promise<Vector[]> {
  const slots = Array.from({ length: reduce.size }, (_, rank) =>
    rank === reduce.rank
      ? vector.slice()
      : new (vector.constructor as new (length: number) => Vector)(vector.length),
  );
  await reduce.sum(slots);
  return slots;
}

function expectEqual(actual: Vector, expected: ArrayLike<number>, what: string): void {
  const index = actual.findIndex((value, at) => !Object.is(value, expected[at]));
  if (index < 0 && actual.length === expected.length) return;
  throw fail(
    `${what}: ${expected[index]} at ${index}`,
    `${actual[index]}`,
    'See the interface Reduce of @clr/core.',
  );
}

/**
 * The checks of an implementation of core's `Reduce`. Run each on all ranks, one check after the other. Use {@link
 * ranksInProcess} in one process, or start a program once for each rank.
 *
 * @example
 * ```ts
 * for (const { run } of reduceChecks) await Promise.all(ranksInProcess(3).map((reduce) => run(reduce)));
 * reduceChecks.length; // 6
 * ```
 */
export const reduceChecks: readonly ReduceCheck[] = [
  {
    name: 'numbers its ranks from 0',
    async run(reduce) {
      const seen = new Float64Array(reduce.size);
      seen[reduce.rank] = 1;
      await reduce.sum([seen]);
      expectEqual(seen, new Array(reduce.size).fill(1), 'each rank once');
    },
  },
  {
    name: 'sums in place, in float32 and float64, several vectors in one call',
    async run(reduce) {
      const whole = (of: (rank: number) => number): number =>
        Array.from({ length: reduce.size }, (_, rank) => of(rank)).reduce((a, b) => a + b);
      const small = Float32Array.of(reduce.rank + 1, 2);
      const large = new Float64Array(1000).fill(reduce.rank);
      const none = new Float32Array(0);
      await reduce.sum([small, none, large]);
      expectEqual(small, [whole((rank) => rank + 1), 2 * reduce.size], 'the sum in float32');
      expectEqual(large, new Array(1000).fill(whole((rank) => rank)), 'the sum in float64');
    },
  },
  {
    name: 'gives every rank the same bits, in every repeat',
    async run(reduce) {
      for (const length of [1, 7, 1000, 100_003]) {
        const first = Float32Array.from(awkward(reduce.rank, length));
        const again = first.slice();
        await reduce.sum([first]);
        await reduce.sum([again]);
        expectEqual(again, first, `the same sum of ${length} numbers in every repeat`);
        for (const other of await gather(reduce, first))
          expectEqual(other, first, 'the same bits on every rank');
      }
    },
  },
  {
    name: 'sums the elements of a view and leaves its neighbours unchanged',
    async run(reduce) {
      const memory = Float32Array.of(7, 1, 1, 7);
      await reduce.sum([memory.subarray(1, 3)]);
      expectEqual(memory, [7, reduce.size, reduce.size, 7], 'a sum in a view');
    },
  },
  {
    name: 'broadcasts from any rank, NaN and −0 included',
    async run(reduce) {
      for (let root = 0; root < reduce.size; root++) {
        const sent = Float64Array.of(root, Number.NaN, -0, Math.PI);
        const vector = reduce.rank === root ? sent.slice() : new Float64Array(4);
        await reduce.broadcast([vector], root);
        expectEqual(vector, sent, `the vector that rank ${root} sent`);
      }
    },
  },
  {
    name: 'tells every rank if one of them failed, and carries NaN to all',
    async run(reduce) {
      for (let failing = 0; failing < reduce.size; failing++) {
        const answer = await reduce.all(reduce.rank !== failing);
        if (answer)
          throw fail(`all() to be false when rank ${failing} fails`, 'true', 'Combine with a logical AND.');
        const loss = Float64Array.of(reduce.rank === failing ? Number.NaN : 1);
        await reduce.sum([loss]);
        expectEqual(loss, [Number.NaN], 'the sum with NaN');
      }
      if (!(await reduce.all(true)))
        throw fail('all() to be true if all ranks succeed', 'false', 'Combine with a logical AND.');
    },
  },
];
