import type { Trainable } from '@clr/core';

/** The calls that can fail: those to an adapter, and those that fetch a batch. */
export type Asked = 'trainStep' | 'evaluate' | 'snapshot' | 'restore' | 'batch' | 'evaluated batch';

/** The way a call fails: it throws, it rejects, the promised loss in its result rejects, or its loss is NaN or text. */
export type Failure = 'throws' | 'rejects' | 'rejects late' | 'gives NaN' | 'gives text';

/** One fault: the method, the number of the failing call (from 0), and the way it fails. */
export interface Fault {
  readonly asked: Asked;
  readonly call: number;
  readonly failure: Failure;
}

/** The ways in which each call can fail. */
export const failures: Readonly<Record<Asked, readonly Failure[]>> = {
  trainStep: ['throws', 'rejects', 'rejects late', 'gives NaN', 'gives text'],
  evaluate: ['throws', 'rejects', 'gives NaN', 'gives text'],
  snapshot: ['throws', 'rejects'],
  restore: ['throws', 'rejects'],
  batch: ['throws', 'rejects'],
  'evaluated batch': ['throws'],
};

/** A Trainable and batches with one fault, and a record of the calls. */
export interface Faulty<Batch> {
  readonly trainable: Trainable<Batch>;
  readonly batches: AsyncIterable<Batch>;
  /** The same batches, to evaluate on. */
  readonly evaluated: AsyncIterable<Batch>;
  /** The number of calls so far. */
  readonly calls: Readonly<Record<Asked, number>>;
  /** The number of updates that the adapter made. */
  readonly updates: number;
  /** The error that the fault throws. */
  readonly error: Error;
}

/** Injects one fault between core and an adapter. Without a fault it only counts calls. */
export function faulty<Batch>(
  real: Trainable<Batch>,
  batches: readonly Batch[],
  fault?: Fault,
): Faulty<Batch> {
  const error = new Error('the fault');
  const calls: Record<Asked, number> = {
    trainStep: 0,
    evaluate: 0,
    snapshot: 0,
    restore: 0,
    batch: 0,
    'evaluated batch': 0,
  };
  let updates = 0;
  /** The way in which this call fails, if it fails. */
  const failing = (asked: Asked): Failure | undefined => {
    const call = calls[asked]++;
    return fault?.asked === asked && fault.call === call ? fault.failure : undefined;
  };
  const raise = (failure: Failure | undefined): void => {
    if (failure === 'throws' || failure === 'rejects') throw error;
  };
  const wrong = (failure: Failure | undefined): number | undefined =>
    failure === 'gives NaN'
      ? Number.NaN
      : failure === 'gives text'
        ? ('0.5' as unknown as number)
        : undefined;
  const source = (asked: Asked): AsyncIterable<Batch> => ({
    async *[Symbol.asyncIterator]() {
      for (const batch of batches) {
        raise(failing(asked));
        yield batch;
      }
    },
  });
  return {
    error,
    calls,
    get updates() {
      return updates;
    },
    trainable: {
      ...(real.updateKind && { updateKind: real.updateKind }),
      trainStep(batch, hyper) {
        const failure = failing('trainStep');
        if (failure === 'rejects') return Promise.reject(error);
        raise(failure);
        const counted = async () => {
          const result = await real.trainStep(batch, hyper);
          updates++;
          const loss = failure === 'rejects late' ? Promise.reject(error) : wrong(failure);
          return loss === undefined ? result : { ...result, loss };
        };
        return counted();
      },
      async evaluate(of) {
        const failure = failing('evaluate');
        raise(failure);
        const metrics = await real.evaluate(of);
        const loss = wrong(failure);
        return loss === undefined ? metrics : { ...metrics, loss };
      },
      snapshot() {
        raise(failing('snapshot'));
        return real.snapshot();
      },
      restore(snapshot, options) {
        raise(failing('restore'));
        return real.restore(snapshot, options);
      },
      dispose() {},
    },
    batches: source('batch'),
    evaluated: source('evaluated batch'),
  };
}

/** A signal that counts how often it is read, and is aborted after `reads` reads. */
export function abortedAfter(reads: number): { readonly aborted: boolean; readonly looks: number } {
  let looks = 0;
  return {
    get aborted() {
      return looks++ >= reads;
    },
    get looks() {
      return looks;
    },
  };
}
