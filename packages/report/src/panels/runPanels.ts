import type { TrainingRun } from '@clr/core';
import type { Series } from '../chart/renderSvg.ts';
import { curve, type Dash, marks } from '../chart/series.ts';
import { colours, seriesColours } from '../chart/theme.ts';
import { extent } from '../curves/extent.ts';
import { mean, median, smooth } from '../curves/smooth.ts';
import { type Point, thin } from '../curves/thin.ts';
import type { NamedRun } from '../words/namedRun.ts';
import { digitsBetween, formatNumber, formatRate, formatShare } from '../words/words.ts';
import type { Panel } from './panel.ts';

const runningMedian = { text: 'running median', colour: colours.muted };
const runningMean = { text: 'running mean', colour: colours.muted };

/** The panels of a picture of runs, from the rate at the top to the held-out results. */
export function runPanels(named: readonly NamedRun[]): readonly Panel[] {
  const troughs = [...new Set(named.flatMap(({ run }) => run.troughs.map(({ step }) => step)))];
  const lines = marks(
    // Too many trough lines would fill the plot with grey.
    (troughs.length > 24 ? [] : troughs).map((x) => ({ x, colour: colours.axis, dashed: true })),
  );
  const each: Each = (toSeries) => [
    ...named.flatMap(({ run }, index) => toSeries(run, colourOf(index), dashOf(index).type)),
    lines,
  ];
  const keys = named.flatMap(({ name }, index) =>
    name ? [{ text: `${dashOf(index).key} ${name}`, colour: colourOf(index) }] : [],
  );
  const rate: Panel = {
    name: 'Learning rate',
    height: 130,
    keys: [...keys, ...(troughs.length > 0 ? [{ text: '┆ troughs', colour: colours.muted }] : [])],
    y: { min: 0, format: formatRate },
    series: each((run, colour, dash) => {
      const points = run.steps.map(({ step, lr }): Point => [step, lr]);
      return [curve(thin(points, 2000), colour, { dash })];
    }),
  };
  return [rate, lossPanel(named, each), accuracyPanel(named, each), heldOutPanel(named, each)].flatMap(
    (panel) => panel ?? [],
  );
}

/** The curves of all runs, each in its colour and dash, and the troughs. */
type Each = (
  toSeries: (run: TrainingRun, colour: string, dash: Dash) => readonly Series[],
) => readonly Series[];

function colourOf(index: number): string {
  return seriesColours[index % seriesColours.length]!;
}

const dashes = [
  { type: 'solid', key: '—' },
  { type: 'dashed', key: '╌' },
  { type: 'dotted', key: '┈' },
] as const;

/** When all colours are taken, the next curves are dashed, then dotted. */
function dashOf(index: number): (typeof dashes)[number] {
  return dashes[Math.floor(index / seriesColours.length) % dashes.length]!;
}

function lossPanel(named: readonly NamedRun[], each: Each): Panel {
  const [lowest, highest] = extent(named.flatMap(({ run }) => run.steps.flatMap(({ loss }) => loss ?? [])));
  // On a linear axis, a loss that falls far looks flat while it is still falling.
  const log = lowest > 0 && highest > 20 * lowest;
  const digits = digitsBetween(lowest, highest);
  return {
    name: `Training loss${log ? ' (log)' : ''}`,
    height: 170,
    keys: [runningMedian],
    y: { log, format: (value) => formatNumber(value, digits) },
    series: each((run, colour, dash) => metricCurves(run, 'loss', { colour, dash }, named.length === 1)),
  };
}

function accuracyPanel(named: readonly NamedRun[], each: Each): Panel | undefined {
  const curves = named.map(({ run }) => smoothed(run, 'accuracy').flatMap(([, share]) => share ?? []));
  const shares = curves.flat().sort((a, b) => a - b);
  if (shares.length === 0) return undefined;
  // If nine tenths of the accuracies are above 80 %, the axis leaves out the low values at the start, so that
  // differences become visible.
  const tenth = shares[Math.floor(shares.length / 10)]!;
  const min = tenth > 0.8 ? Math.min(0.95, Math.floor(20 * tenth) / 20) : 0;
  const percent = (value: number) => `${Number((100 * value).toFixed(2))} %`;
  return {
    name: 'Training accuracy',
    height: 130,
    keys: [runningMean, ...(min > 0 ? [{ text: `cut below ${percent(min)}`, colour: colours.muted }] : [])],
    y: { min, max: 1, interval: (1 - min) / 4, format: percent },
    series: each((run, colour, dash) => metricCurves(run, 'accuracy', { colour, dash }, named.length === 1)),
  };
}

/** The running median or mean, and for a single run also the curve of every step. */
function metricCurves(
  run: TrainingRun,
  of: 'loss' | 'accuracy',
  { colour, dash }: { readonly colour: string; readonly dash: Dash },
  alone: boolean,
): readonly Series[] {
  const line = curve(smoothed(run, of), colour, { dash });
  return alone ? [curve(thin(pointsOf(run, of), 2000), colour, { faint: true }), line] : [line];
}

function pointsOf(run: TrainingRun, of: 'loss' | 'accuracy'): readonly Point[] {
  return run.steps.map((step) => [step.step, step[of] ?? null]);
}

function smoothed(run: TrainingRun, of: 'loss' | 'accuracy'): readonly Point[] {
  return smooth(pointsOf(run, of), Math.max(5, run.steps.length / 60), of === 'loss' ? median : mean, true);
}

/** The evaluations at the troughs: accuracy if there is any, else loss. */
function heldOutPanel(named: readonly NamedRun[], each: Each): Panel | undefined {
  const has = (of: 'loss' | 'accuracy') =>
    named.some(({ run }) => run.troughs.some((trough) => typeof trough[of] === 'number'));
  const of = has('accuracy') ? 'accuracy' : 'loss';
  if (!has(of)) return undefined;
  return {
    name: `Held-out ${of} at the troughs`,
    height: 170,
    y: { format: of === 'accuracy' ? formatShare : (loss) => formatNumber(loss, 4) },
    series: each((run, colour) => [
      {
        type: 'line',
        data: run.troughs.map((trough) => [trough.step, trough[of] ?? null]),
        symbol: 'circle',
        symbolSize: 8,
        silent: true,
        lineStyle: { color: colour, width: 1.5, type: 'dotted' },
        itemStyle: { color: colour },
      } as Series,
    ]),
  };
}
