import { PolicyError } from './errors.ts';
import {
  type Fields,
  integer,
  join,
  list,
  nonNegative,
  oneOf,
  optional,
  type Read,
  record,
} from './fields.ts';

/** Fields shared by the records of range tests and training runs. */

const recorded = 'Pass the JSON of a result of rangeTest or train.';

export const version: Read = (value, path) => {
  if (value === 1) return value;
  throw new PolicyError(path, value, '1, the version that this clr reads', recorded);
};

/** A loss. JSON has no NaN, so `null` means a loss that is not finite. */
export const loss: Read = (value, path) => {
  if (value === null || Number.isFinite(value)) return value;
  throw new PolicyError(path, value, 'a finite number or null', recorded);
};

/** An accuracy in [0, 1], which may be rounded to float32, or `null`. */
export const accuracy: Read = (value, path) => {
  const off = Math.abs((value as number) - 0.5);
  if (value === null || (typeof value === 'number' && off <= 0.500001)) return value;
  throw new PolicyError(path, value, 'a share in [0, 1] or null', recorded);
};

/** What is wrong with the data of a batch, in words. */
const fault: Read = (value, path) => {
  if (typeof value === 'string') return value;
  throw new PolicyError(path, value, 'a text', recorded);
};

/** One step, with the metrics of its batch. */
export const stepFields: Fields = {
  step: integer(0),
  lr: nonNegative,
  loss,
  accuracy: optional(accuracy),
  fault: optional(fault),
};

/** Metrics that may be missing. */
export const metricFields: Fields = { loss: optional(loss), accuracy: optional(accuracy) };

export const stopped: Read = record({
  step: integer(0),
  reason: oneOf('diverged', 'aborted', 'ended'),
  fault: optional(fault),
});

/** Entries that each hold a `step`, in the order of their steps. */
export const inOrder = (fields: Fields): Read => {
  const read = list(record(fields), 0);
  return (value, path) => {
    const entries = read(value, path) as readonly { readonly step: number }[];
    const index = entries.findIndex(({ step }, at) => at > 0 && step <= entries[at - 1]!.step);
    if (index < 0) return entries;
    const { step } = entries[index]!;
    const expected = `above ${entries[index - 1]!.step}, the step before it`;
    throw new PolicyError(join(`${path}[${index}]`, 'step'), step, expected, recorded);
  };
};
