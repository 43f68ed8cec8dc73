import { byName, checkOrder, decay, integer, nonNegative, optional, type Read, record } from '../fields.ts';
import { parsePolicy } from '../parsePolicy.ts';
import { accuracy, inOrder, loss, metricFields, stepFields, stopped, version } from '../records.ts';
import type { TrainingRun } from '../trainable/run.ts';

const value: Read = (given, path) => (typeof given === 'number' ? nonNegative : parsePolicy)(given, path);

const measured = { ...metricFields, average: optional(record({ loss, accuracy: optional(accuracy) })) };

const fields = {
  version,
  policy: optional(parsePolicy),
  hyper: optional(byName(value)),
  from: integer(0),
  step: integer(0),
  steps: inOrder({ ...stepFields, momentum: optional(decay), hyper: optional(byName(nonNegative)) }),
  troughs: inOrder({ step: integer(0), cycle: integer(0), ...measured }),
  final: optional(record(measured)),
  stopped: optional(stopped),
};

/**
 * Reads the record of a training run from unknown data, such as parsed JSON. The result is frozen and holds only the
 * fields of a run.
 *
 * @param name - its name in error messages, such as the name of its file
 * @throws {PolicyError} naming the field at fault, what was expected and what was received
 *
 * @example
 * ```ts
 * const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });
 * const stored = JSON.stringify(await train(trainable, batches, { policy, steps: 20 }));
 * parseRun(JSON.parse(stored)).troughs.length; // 2
 * ```
 */
export function parseRun(value: unknown, name = ''): TrainingRun {
  const run = record(fields)(value, name) as TrainingRun;
  checkOrder(run, 'from', 'step', name);
  return run;
}
