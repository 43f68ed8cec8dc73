import { parsePolicy } from '@clr/core';
import { fail } from './errors.ts';
import {
  boolean,
  type Fields,
  hyper,
  integer,
  object,
  oneOf,
  optional,
  plan,
  positive,
  rate,
  readFields,
  verdict,
} from './fields.ts';
import type { RangeTestTask, Task } from './job.ts';

const training: Fields = {
  steps: integer(1),
  hyper: optional(hyper),
  checkpointEvery: optional(integer(1)),
};

const kinds: Readonly<Record<Task['type'], Fields>> = {
  rangeTest: {
    startLr: optional(rate),
    endLr: optional(positive),
    steps: optional(integer(2)),
    spacing: optional(oneOf('linear', 'exponential')),
    updatesPerRate: optional(integer(1)),
    sharpness: optional(boolean),
  },
  fixed: { lr: positive, ...training },
  policy: { policy: (value, path) => parsePolicy(value, path), ...training },
  autoClr: {
    steps: integer(2),
    stepsPerEpoch: optional(integer(1)),
    plan: optional(plan),
    verdict: optional(verdict),
    updatesPerRate: optional(integer(1)),
    patience: optional(integer(1)),
    reductions: optional(integer(0)),
    average: optional(boolean),
    ensemble: optional(boolean),
  },
};

const taskType = oneOf(...Object.keys(kinds));

/** Reads a task and checks every field. `path` is its name in messages. */
export function parseTask(value: unknown, path: string): Task {
  const { type, ...rest } = object(value, path);
  taskType(type, `${path}.type`);
  const task = Object.freeze({ type, ...readFields(rest, kinds[type as Task['type']], path) }) as Task;
  if (task.type === 'rangeTest') checkRange(task, path);
  return task;
}

/** Checks what `rangeTest` would refuse only after the model and the data were opened. */
function checkRange({ startLr, endLr, spacing }: RangeTestTask, path: string): void {
  if (startLr !== undefined && endLr !== undefined && startLr > endLr) {
    throw fail(
      `${path}.startLr to be at most endLr (${endLr})`,
      `${path}.startLr = ${startLr}`,
      'Swap them.',
    );
  }
  if (startLr === 0 && spacing !== 'linear') {
    const advice = 'Give a small rate, such as 1e-6, or use the spacing "linear".';
    throw fail(`${path}.startLr to be above 0 with exponential spacing`, `${path}.startLr = 0`, advice);
  }
}
