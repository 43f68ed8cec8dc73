import {
  ClrError,
  checkOptionNames,
  type RangeTestFinding,
  type RangeTestPoint,
  type RangeTestTrace,
} from '@clr/core';
import { renderSvg, type Series } from '../chart/renderSvg.ts';
import { curve, marks } from '../chart/series.ts';
import { colours } from '../chart/theme.ts';
import { extent } from '../curves/extent.ts';
import { smooth } from '../curves/smooth.ts';
import { type Point, thin } from '../curves/thin.ts';
import { usefulCeiling } from '../curves/usefulCeiling.ts';
import type { Key, Panel } from '../panels/panel.ts';
import { stackPanels } from '../panels/panels.ts';
import { type PictureOptions, pictureOptions } from '../panels/pictureOptions.ts';
import { ratesPanel } from '../panels/ratesPanel.ts';
import { describeFinding } from '../words/describeFinding.ts';
import { digitsBetween, formatNumber, formatRate } from '../words/words.ts';

/**
 * Draws a range test: loss and accuracy over the rate (logarithmic for an exponential sweep) and the rates at which the
 * accuracy rises, slows and falls. It also draws the suggested rates with their intervals or a lower bound, the loss
 * edge, and below them the rates of the classic rules.
 *
 * @param traces - one sweep, or several of the same model
 * @param finding - the result of `analyzeRangeTest` for them
 * @returns an SVG document, the same text for the same input; readable on light and dark backgrounds
 * @throws {ClrError} if there is no step to draw
 *
 * @example
 * ```ts
 * const svg = renderRangeTest(trace, analyzeRangeTest(trace));
 * svg.startsWith('<svg'); // true
 * ```
 */
export function renderRangeTest(
  traces: RangeTestTrace | readonly RangeTestTrace[],
  finding: RangeTestFinding,
  options: PictureOptions = {},
): string {
  checkOptionNames('clr/report', 'renderRangeTest', options, pictureOptions);
  const sweeps = [traces].flat() as readonly RangeTestTrace[];
  const log = sweeps.some(({ spacing }) => spacing === 'exponential');
  const rates = sweeps.flatMap(({ points }) => points.map(({ lr }) => lr)).filter((lr) => !log || lr > 0);
  if (rates.length === 0) {
    throw new ClrError('clr/report', {
      expected: 'a trace with at least one step to draw',
      received: `${sweeps.length} traces without a step`,
      advice: 'Pass the result of rangeTest for a sweep with at least one step.',
    });
  }
  const [min, max] = extent(rates);
  const { suggestion, edgeLr, lowerBound, accuracy: reading } = finding;
  const lines = [
    ...(suggestion
      ? [
          { x: suggestion.baseLr, colour: colours.blue },
          { x: suggestion.fixedLr, colour: colours.green },
          { x: suggestion.maxLr, colour: colours.orange },
        ]
      : []),
    ...(edgeLr === null ? [] : [{ x: edgeLr, colour: colours.red, dashed: true }]),
    ...(lowerBound ? [{ x: lowerBound.maxLr, colour: colours.orange, dashed: true }] : []),
  ];
  const band = ([from, to]: readonly [number, number], colour: string) => ({ from, to, colour });
  const bands = suggestion
    ? [
        band(suggestion.interval.baseLr, colours.blue),
        band(suggestion.interval.fixedLr, colours.green),
        band(suggestion.interval.maxLr, colours.orange),
      ]
    : [];
  const overlay = marks(lines, bands);
  const read = [reading?.risesLr, reading?.slowsLr, reading?.fallsLr].flatMap((x) => x ?? []);
  const readings = marks(read.map((x) => ({ x, colour: colours.ink, dashed: true })));

  const loss = curves(sweeps, ({ loss }) => loss);
  const ceiling = usefulCeiling(
    sweeps.flatMap(({ points }) => points.map(({ lr, loss }) => [lr, loss] as const)),
  );
  const [lowest, highest] = extent(sweeps.flatMap(({ points }) => points.flatMap(({ loss }) => loss ?? [])));
  const digits = digitsBetween(lowest, Math.min(highest, ceiling ?? highest));
  const panels: Panel[] = [];
  if (sweeps.some(({ points }) => points.some(({ loss }) => loss !== null))) {
    panels.push({
      name: 'Loss',
      height: 230,
      keys: loss.keys,
      y: { max: ceiling, format: (value) => formatNumber(value, digits) },
      series: [...loss.series, overlay],
    });
  }
  const withAccuracy = ({ points, validation = [] }: RangeTestTrace) =>
    [...points, ...validation].some(({ accuracy }) => typeof accuracy === 'number');
  if (sweeps.some(withAccuracy)) {
    const accuracy = curves(sweeps, ({ accuracy }) => accuracy ?? null);
    panels.push({
      name: 'Accuracy',
      height: 150,
      keys: [
        ...(panels.length > 0 ? [] : accuracy.keys),
        ...(read.length > 0 ? [{ text: '┆ rises, slows, falls', colour: colours.ink }] : []),
      ],
      y: { min: 0, max: 1, interval: 0.25, format: (value) => `${Math.round(100 * value)} %` },
      series: [...accuracy.series, overlay, readings],
    });
  }
  panels.push(ratesPanel(finding, { log, from: min, to: max }));

  const { title = 'LR range test' } = options;
  const axis = {
    name: `learning rate${log ? ' (log)' : ''}`,
    log,
    min,
    max,
    format: formatRate,
  };
  const { drawing, size } = stackPanels(panels, axis, { ...options, title });
  return renderSvg(drawing, { ...size, title, description: describeFinding(finding).join(' ') });
}

/** A metric's curves: every step in a faint line, the running median in a strong one, and the held-out points. */
function curves(
  sweeps: readonly RangeTestTrace[],
  metric: (point: RangeTestPoint) => number | null,
): { readonly series: readonly Series[]; readonly keys: Key[] } {
  const toPoints = (points: readonly RangeTestPoint[]): readonly Point[] =>
    points.map((point) => [point.lr, metric(point)]);
  const raw = sweeps.map(({ points }) => toPoints(points));
  const smoothed = raw.map((points) => smooth(points, Math.max(5, points.length / 25)));
  const held = sweeps.flatMap(({ validation = [] }) => toPoints(validation));
  return {
    keys: [
      { text: '— running median', colour: colours.ink },
      { text: 'faint: each step', colour: colours.muted },
      ...(held.length > 0 ? [{ text: '◆ held out', colour: colours.purple }] : []),
    ],
    series: [
      ...raw.map((points) => curve(thin(points, 2000), colours.muted, { faint: true })),
      ...smoothed.map((points) => curve(points, colours.ink)),
      {
        type: 'scatter',
        data: held as [number, number | null][],
        symbol: 'diamond',
        symbolSize: 8,
        silent: true,
        itemStyle: { color: colours.purple },
      } as Series,
    ],
  };
}
