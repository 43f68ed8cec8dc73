import type { Reduce } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { ranksInProcess } from './ranksInProcess.ts';
import { reduceChecks } from './reduceChecks.ts';

const runAll = (ranks: readonly Reduce[], name: string) =>
  Promise.all(ranks.map((reduce) => reduceChecks.find((check) => check.name === name)!.run(reduce)));

describe.each([1, 2, 3, 4])('%i ranks in one process', (size) => {
  it.each(reduceChecks.map(({ name }) => name))('%s', async (name) => {
    await runAll(ranksInProcess(size), name);
  });
});

describe('reduceChecks', () => {
  const broken: Readonly<Record<string, (reduce: Reduce) => Partial<Reduce>>> = {
    'that gives every rank the number 0': () => ({ rank: 0 }),
    'that copies instead of adding': (reduce) => ({
      sum: (vectors) => reduce.broadcast(vectors, 0),
    }),
    'whose ranks differ in the last bit': (reduce) => ({
      async sum(vectors) {
        await reduce.sum(vectors);
        for (const vector of vectors) if (vector.length > 6) vector[6]! *= 1 + reduce.rank * 2 ** -22;
      },
    }),
    'that broadcasts from rank 0 only': (reduce) => ({
      broadcast: (vectors) => reduce.broadcast(vectors, 0),
    }),
    'that does not tell a rank about the failures of others': (reduce) => ({
      async all(ok) {
        await reduce.all(ok);
        return ok;
      },
    }),
    'that writes the sums into copies': (reduce) => ({
      sum: (vectors) => reduce.sum(vectors.map((vector) => vector.slice())),
    }),
  };

  it.each(Object.keys(broken))('fail for a Reduce %s', async (name) => {
    const ranks = ranksInProcess(2).map((reduce) => ({ ...reduce, ...broken[name]!(reduce) }));
    // If a rank fails, the others may wait forever.
    const checked = async () => {
      for (const check of reduceChecks) await Promise.all(ranks.map((reduce) => check.run(reduce)));
    };
    await expect(checked()).rejects.toThrow('[clr/conformance]');
  });
});

describe('ranksInProcess', () => {
  it('refuses calls that differ between ranks', async () => {
    const [first, second] = ranksInProcess(2);
    const calls = [first!.sum([new Float32Array(2)]), second!.sum([new Float32Array(3)])];
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');
    await expect(calls[0]).rejects.toThrow('sum(Float32Array 2) and sum(Float32Array 3)');
  });
});
