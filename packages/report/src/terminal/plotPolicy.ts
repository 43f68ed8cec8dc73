import { checkOptionNames, type ScheduleLike, toSchedule } from '@clr/core';
import { checkCount } from '../curves/checkCount.ts';
import { sampleSteps } from '../curves/sampleSteps.ts';
import type { Point } from '../curves/thin.ts';
import { formatCount, formatRate } from '../words/words.ts';
import { type ChartSize, plotCurve } from './plotCurve.ts';

/**
 * Draws the rate over the first steps as text for a terminal.
 *
 * @throws {ClrError} if `steps`, `width` or `height` is not a positive integer
 *
 * @example
 * ```ts
 * const chart = plotPolicy(triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 }), { steps: 4000 });
 * chart.includes('0.006┤'); // true
 * ```
 */
export function plotPolicy(policy: ScheduleLike, options: ChartSize & { readonly steps: number }): string {
  const names = ['steps', 'width', 'height'] as const;
  const { steps, width = 64, height = 14 } = checkOptionNames('clr/report', 'plotPolicy', options, names);
  checkCount('steps', steps, 1, 'Pass the number of steps of the policy to draw.');
  const schedule = toSchedule(policy);
  const points = sampleSteps(schedule, steps).map((step): Point => [step, schedule.lr(step)]);
  const chart = plotCurve(points, {
    width,
    height,
    marks: [],
    xTicks: Array.from({ length: 5 }, (_, i) => Math.round((steps * i) / 4)),
    column: 'highest',
    format: (value, axis) => (axis === 'y' ? formatRate(value) : formatCount(Math.round(value))),
  });
  return `${chart}\n  learning rate over the steps`;
}
