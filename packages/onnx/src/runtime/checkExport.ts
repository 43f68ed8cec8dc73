import { fail } from '../errors.ts';
import type { StateTensor } from '../training/trainingModel.ts';
import type { StatePart } from './stateVectors.ts';

/** Options of `exportModel`. */
export interface ExportOptions {
  /** Whether to write weights that have become NaN or infinite too. Default false: they are refused. */
  readonly nonFinite?: boolean;
}

/**
 * Refuses to write weights that training has made NaN or infinite.
 *
 * @param initial - the state before training: what was not finite there may stay so
 */
export function checkExport(parts: readonly StatePart[], initial: readonly StateTensor[]): void {
  const before = new Map(
    initial.flatMap(({ initial: vector, parts: own }) =>
      own.map(({ name, offset }) => [name, { vector, offset }] as const),
    ),
  );
  const spoiled = parts.flatMap(({ name, data }) => {
    const was = before.get(name);
    const at = data.findIndex(
      (value, i) => !Number.isFinite(value) && Number.isFinite(was?.vector[was.offset + i] ?? 0),
    );
    return at < 0 ? [] : [`"${name}"[${at}] = ${data[at]}`];
  });
  if (spoiled.length === 0) return;
  throw fail(
    'weights that are finite: training has made some NaN or infinite, as after a run that diverged',
    `${spoiled.slice(0, 3).join(', ')}${spoiled.length > 3 ? `, … in ${spoiled.length} of ${parts.length} tensors` : ''}`,
    'Restore a snapshot from before, or make a new trainer. To look at them, pass { nonFinite: true }.',
  );
}
