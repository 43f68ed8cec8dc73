import { ClrError } from '../errors.ts';

type OptionalMethod = 'average' | 'predictBatch' | 'batchSharpness';

/** Refuses to start without an optional method of the Trainable, or without a snapshot. */
export function requireMethod(
  trainable: Partial<Record<OptionalMethod, unknown>>,
  method: OptionalMethod,
  snapshots = 1,
): void {
  if (trainable[method] && snapshots > 0) return;
  throw new ClrError('clr/core', {
    expected: `a Trainable with ${method}()${method === 'batchSharpness' ? '' : ', and at least one snapshot'}`,
    received: snapshots > 0 ? 'one without it' : 'no snapshots',
    advice:
      snapshots > 0
        ? 'Adapters may leave this method out: see their documentation.'
        : 'Pass the result of snapshot().',
  });
}
