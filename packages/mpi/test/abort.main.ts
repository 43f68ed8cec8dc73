// Runs on every rank. Rank 1 aborts after a while, by the signal of the second call.
import { constant, train } from '@clr/core';
import { mpi } from '../src/index.ts';
import { createLine } from './line.ts';

const stop = new AbortController();
mpi();
const reduce = mpi({ signal: stop.signal });
const run = await train(createLine(reduce), [[1, 2 + reduce.rank] as const], {
  policy: constant({ lr: 0.01 }),
  steps: 1000,
  signal: reduce.signal,
  onStep({ step }) {
    if (reduce.rank === 1 && step === 20) stop.abort();
  },
});
console.log(`rank ${reduce.rank} stopped after ${run.step} steps, ${run.stopped?.reason}`);
