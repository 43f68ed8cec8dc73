import { referenceTrainable } from '@clr/conformance';

/**
 * Three classes of points in the plane, drawn from the job's seed; what a module of a sweep exports. In `data`: `slow`,
 * milliseconds that each step takes; `throwAt` and `exitAt`, the batch at which making it throws or ends the process.
 */
export function open(job) {
  if (job.data === 'broken') throw new Error('The data are broken.');
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
      if (slow > 0) await new Promise((resolve) => setTimeout(resolve, slow));
      yield batch;
    }
  }
  const trainable = referenceTrainable({ features: 2, classes: 3, momentum: job.optimizer.momentum ?? 0 });
  return { trainable, batches, validation };
}
