import { checkOrder, decay, integer, nonNegative, oneOf, optional, positive, record } from '../fields.ts';
import { inOrder, loss, metricFields, stepFields, stopped, version } from '../records.ts';
import { withTodaysNames } from './formerNames.ts';
import { lossSmoothing } from './lossSmoothing.ts';
import type { RangeTestTrace } from './trace.ts';

const points = inOrder(stepFields);

const fields = {
  version,
  spacing: oneOf('linear', 'exponential'),
  startLr: nonNegative,
  endLr: positive,
  points,
  updatesPerRate: optional(integer(1)),
  baseline: optional(record(metricFields)),
  validation: optional(points),
  coarse: optional(points),
  constantAnswer: optional(record(metricFields)),
  sharpness: optional(inOrder({ step: integer(0), lr: nonNegative, sharpness: loss })),
  momentum: optional(decay),
  updateKind: optional(oneOf('sgd', 'momentum', 'adaptive', 'rmsProp')),
  smoothing: optional(lossSmoothing),
  stopped: optional(stopped),
};

/**
 * Reads the trace of a range test from unknown data, such as parsed JSON. The result is frozen and holds only the
 * fields of a trace. Fields of an older clr get their current names: `scout` becomes `coarse`, `control` becomes
 * `baseline`, and `probe` becomes `updatesPerRate`.
 *
 * @param name - its name in error messages, such as the name of its file
 * @throws {PolicyError} naming the field at fault, what was expected and what was received
 *
 * @example
 * ```ts
 * const stored = JSON.stringify(await rangeTest(trainable, batches, { startLr: 0.001, endLr: 1, steps: 50 }));
 * const trace = parseTrace(JSON.parse(stored));
 * trace.endLr; // 1
 * ```
 */
export function parseTrace(value: unknown, name = ''): RangeTestTrace {
  const trace = record(fields)(withTodaysNames(value as RangeTestTrace), name) as RangeTestTrace;
  checkOrder(trace, 'startLr', 'endLr', name);
  return trace;
}
