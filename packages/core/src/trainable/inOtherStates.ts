import type { Trainable } from './trainable.ts';
import { thenTidyUp, withContext } from './withContext.ts';

/** Runs work that puts a model into other states, then restores its original state. */
export async function inOtherStates<T>(
  trainable: Pick<Trainable<never>, 'snapshot' | 'restore'>,
  work: () => Promise<T>,
): Promise<T> {
  const own = await withContext('snapshot()', 'before the use of other states', () => trainable.snapshot());
  return thenTidyUp(work, () =>
    withContext(
      'restore()',
      'after the use of other states',
      () => trainable.restore(own),
      'The model was not restored.',
    ),
  );
}
