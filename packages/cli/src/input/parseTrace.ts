import type { RangeTestPoint, RangeTestTrace, UpdateKind } from '@clr/core';
import { type Check, finite, index, list, metric, object, optional, stopped, wrong } from './check.ts';
import { isUpdateKind, updateKinds } from './updateKind.ts';

const metrics: Check<Pick<RangeTestPoint, 'loss' | 'accuracy'>> = (value, path) => {
  const from = object(value, path);
  return { loss: metric(from.loss, `${path}.loss`), ...optional(from, 'accuracy', metric, path) };
};

const point: Check<RangeTestPoint> = (value, path) => {
  const from = object(value, path);
  const lr = finite(from.lr, `${path}.lr`);
  if (lr < 0) return wrong(`${path}.lr`, 'at least 0', lr);
  return { step: index(from.step, `${path}.step`), lr, ...metrics(value, path) };
};

const updateKind: Check<UpdateKind> = (value, path) =>
  isUpdateKind(value) ? value : wrong(path, updateKinds.map((kind) => `"${kind}"`).join(' or '), value);

/**
 * The record of a range test out of JSON that may be anything.
 *
 * @throws {ClrError} naming the field that is wrong
 */
export const parseTrace: Check<RangeTestTrace> = (value, path) => {
  const from = object(value, path);
  if (from.version !== 1) return wrong(`${path}.version`, '1', from.version);
  if (from.spacing !== 'linear' && from.spacing !== 'exponential') {
    return wrong(`${path}.spacing`, '"linear" or "exponential"', from.spacing);
  }
  return {
    version: 1,
    spacing: from.spacing,
    startLr: finite(from.startLr, `${path}.startLr`),
    endLr: finite(from.endLr, `${path}.endLr`),
    points: list(point)(from.points, `${path}.points`),
    ...optional(from, 'probe', index, path),
    ...optional(from, 'control', metrics, path),
    ...optional(from, 'validation', list(point), path),
    ...optional(from, 'scout', list(point), path),
    ...optional(from, 'updateKind', updateKind, path),
    ...optional(from, 'stopped', stopped, path),
  };
};
