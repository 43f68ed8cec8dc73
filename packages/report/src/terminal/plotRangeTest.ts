import { checkOptionNames, type RangeTestFinding, type RangeTestTrace } from '@clr/core';
import { extent } from '../curves/extent.ts';
import { usefulCeiling } from '../curves/usefulCeiling.ts';
import { digitsBetween, formatNumber, formatRate } from '../words/words.ts';
import { type ChartSize, type Mark, plotCurve } from './plotCurve.ts';

/**
 * Draws a range test as text for a terminal: the loss over the rate (logarithmic for an exponential sweep), with a
 * letter over each suggested rate or lower bound, and over the loss edge.
 *
 * @throws {ClrError} if `width` or `height` is not a positive integer
 *
 * @example
 * ```ts
 * const chart = plotRangeTest(trace, analyzeRangeTest(trace), { width: 72 });
 * chart.includes('loss over the learning rate'); // true
 * ```
 */
export function plotRangeTest(
  traces: RangeTestTrace | readonly RangeTestTrace[],
  { suggestion, edgeLr, lowerBound }: RangeTestFinding,
  options: ChartSize = {},
): string {
  const { width = 64, height = 14 } = checkOptionNames('clr/report', 'plotRangeTest', options, [
    'width',
    'height',
  ]);
  const sweeps = [traces].flat() as readonly RangeTestTrace[];
  const log = sweeps.some(({ spacing }) => spacing === 'exponential');
  const toX = log ? Math.log10 : (rate: number) => rate;
  const points = sweeps
    .flatMap((trace) => trace.points)
    .flatMap(({ lr, loss }) => (log && lr <= 0 ? [] : [[toX(lr), loss] as const]));
  if (points.every(([, loss]) => loss === null)) return 'No step with a finite loss to draw.';
  const rates = [
    ...(suggestion
      ? ([
          ['b', 'baseLr', suggestion.baseLr],
          ['f', 'fixedLr', suggestion.fixedLr],
          ['m', 'maxLr', suggestion.maxLr],
        ] as const)
      : []),
    ...(edgeLr === null ? [] : ([['e', 'loss edge', edgeLr]] as const)),
    ...(lowerBound
      ? ([
          ['m', 'maxLr above', lowerBound.maxLr],
          ['e', 'loss edge above', lowerBound.edgeLr],
        ] as const)
      : []),
  ];
  const marks = rates.map(([letter, , rate]): Mark => ({ letter, x: toX(rate) }));
  const xs = points.map(([x]) => x);
  const yMax = usefulCeiling(points);
  const [least, most] = extent(points.flatMap(([, loss]) => loss ?? []));
  const digits = digitsBetween(least, Math.min(most, yMax ?? most));
  const [low, high] = extent(xs);
  const xTicks = log
    ? Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => Math.ceil(low) + i)
    : Array.from({ length: 5 }, (_, i) => low + ((high - low) * i) / 4);
  const chart = plotCurve(points, {
    width,
    height,
    marks,
    xTicks,
    column: 'median',
    yMax,
    format: (value, axis) =>
      axis === 'y' ? formatNumber(value, digits) : formatRate(log ? 10 ** value : value),
  });
  const legend = rates.map(([letter, name, rate]) => `${letter} ${name} ${formatRate(rate)}`).join('   ');
  return [
    chart,
    `  loss over the learning rate${log ? ' (log)' : ''}`,
    ...(legend ? [`  ${legend}`] : []),
  ].join('\n');
}
