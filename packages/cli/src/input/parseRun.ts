import { parsePolicy, type TrainingRun, type TrainingStep, type Trough } from '@clr/core';
import { type Check, finite, index, list, metric, object, optional, stopped, wrong } from './check.ts';

const step: Check<TrainingStep> = (value, path) => {
  const from = object(value, path);
  return {
    step: index(from.step, `${path}.step`),
    lr: finite(from.lr, `${path}.lr`),
    loss: metric(from.loss, `${path}.loss`),
    ...optional(from, 'momentum', finite, path),
    ...optional(from, 'accuracy', metric, path),
  };
};

const metrics: Check<Pick<Trough, 'loss' | 'accuracy'>> = (value, path) => {
  const from = object(value, path);
  return { ...optional(from, 'loss', metric, path), ...optional(from, 'accuracy', metric, path) };
};

const trough: Check<Trough> = (value, path) => {
  const from = object(value, path);
  return {
    step: index(from.step, `${path}.step`),
    cycle: index(from.cycle, `${path}.cycle`),
    ...metrics(from, path),
  };
};

/**
 * The record of a training run out of JSON that may be anything.
 *
 * @throws {ClrError} naming the field that is wrong
 */
export const parseRun: Check<TrainingRun> = (value, path) => {
  const from = object(value, path);
  if (from.version !== 1) return wrong(`${path}.version`, '1', from.version);
  return {
    version: 1,
    from: index(from.from, `${path}.from`),
    step: index(from.step, `${path}.step`),
    steps: list(step)(from.steps, `${path}.steps`),
    troughs: list(trough)(from.troughs, `${path}.troughs`),
    ...optional(from, 'policy', parsePolicy, path),
    ...optional(from, 'final', metrics, path),
    ...optional(from, 'stopped', stopped, path),
  };
};
