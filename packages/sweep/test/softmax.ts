import { type ReferenceBatch, referenceTrainable } from '@clr/conformance';
import type { Job, OpenedJob } from '../src/index.ts';

/** Options of a test's job, in its `data`. */
interface Faults {
  /** Milliseconds that each step takes. */
  readonly slow?: number;
  /** The batch at which its making throws. */
  readonly throwAt?: number;
}

/** Three classes of points in the plane, drawn from the job's seed; what a module of a sweep exports. */
export function open(job: Job): OpenedJob<ReferenceBatch> {
  const { slow = 0, throwAt } = (typeof job.data === 'object' ? job.data : {}) as Faults;
  const optimizer = job.optimizer as { readonly momentum?: number };
  let state = 2 * job.seed + 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const batchOf = (): ReferenceBatch => {
    const classes = Array.from({ length: 8 }, () => Math.floor(3 * random()));
    const features = classes.map((label) => [label + 3 * random(), label * label - 4 * random()]);
    return { features, classes };
  };
  const all = Array.from({ length: 12 }, batchOf);
  const validation = [batchOf(), batchOf()];
  let made = 0;
  async function* batches() {
    for (const batch of all) {
      if (made++ === throwAt) throw new Error('The data are broken.');
      if (slow > 0) await new Promise((resolve) => setTimeout(resolve, slow));
      yield batch;
    }
  }
  const trainable = referenceTrainable({ features: 2, classes: 3, momentum: optimizer.momentum ?? 0 });
  return { trainable, batches, validation };
}
