import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referenceTrainable } from '@clr/conformance';

/** The path of this module, which the processes of a sweep import. */
export const module = fileURLToPath(import.meta.url);

const log = process.env.CLR_SOFTMAX_LOG;

/**
 * Opens a job of a sweep: a softmax classifier on three classes of points in the plane, made from the job's seed.
 * Options in `data`: `slow`, the milliseconds of each step; `throwAt` and `exitAt`, the number of the batch that throws
 * or ends the process. If the environment variable CLR_SOFTMAX_LOG names a file, each batch adds a line to it: the
 * job's id, the time and the process id.
 */
export function open(job) {
  const { slow = 0, throwAt, exitAt } = Object(job.data);
  let state = 2 * job.seed + 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const batchOf = () => {
    const classes = Array.from({ length: 8 }, () => Math.floor(3 * random()));
    const features = classes.map((label) => [label + 3 * random(), label * label - 4 * random()]);
    return { features, classes };
  };
  const all = Array.from({ length: 12 }, batchOf);
  const validation = [batchOf(), batchOf()];
  let made = 0;
  async function* batches() {
    for (const batch of all) {
      if (made === exitAt) process.exit(9);
      if (made++ === throwAt) throw new Error('The data are broken.');
      if (log) appendFileSync(log, `${job.id} ${Date.now()} ${process.pid}\n`);
      if (slow > 0) await new Promise((resolve) => setTimeout(resolve, slow));
      yield batch;
    }
  }
  const trainable = referenceTrainable({ features: 2, classes: 3, momentum: job.optimizer.momentum ?? 0 });
  return { trainable, batches, validation };
}
