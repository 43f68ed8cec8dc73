import { ClrError } from '../errors.ts';
import { attempt, thenTidyUp } from './attempt.ts';
import type { Trainable } from './trainable.ts';

/** Refuses to start without the optional method, or without a state, that something needs. */
export function checkAble(
  trainable: Partial<Record<'average' | 'predictBatch', unknown>>,
  method: 'average' | 'predictBatch',
  snapshots = 1,
): void {
  if (trainable[method] && snapshots > 0) return;
  throw new ClrError('clr/core', {
    expected: `a Trainable with ${method}(), and at least one snapshot`,
    received: snapshots > 0 ? 'one without it' : 'no snapshots',
    advice:
      snapshots > 0
        ? 'Adapters may leave this method out: see their documentation.'
        : 'Pass what snapshot() gave.',
  });
}

/** Does something in other states of a model, and puts its own back. */
export async function visiting<T>(
  trainable: Pick<Trainable<never>, 'snapshot' | 'restore'>,
  visit: () => Promise<T>,
): Promise<T> {
  const own = await attempt('snapshot()', 'before other states', () => trainable.snapshot());
  return thenTidyUp(visit, () =>
    attempt('restore()', 'after other states', () => trainable.restore(own), 'The model is not as it was.'),
  );
}
