import { ClrError, type TrainingRun } from '@clr/core';
import { extent } from './extent.ts';
import type { Key, Panel, PictureOptions } from './panel.ts';
import { stackPanels } from './panels.ts';
import { renderSvg, type Series } from './renderSvg.ts';
import { curve, marks } from './series.ts';
import { smooth } from './smooth.ts';
import { colours, seriesColours } from './theme.ts';
import { type Point, thin } from './thin.ts';
import { formatCount, formatNumber, formatRate, formatShare } from './words.ts';

/** A run under the name it has in the picture. */
export interface NamedRun {
  readonly name: string;
  readonly run: TrainingRun;
}

/**
 * A training run as a picture, or several over the same axis: the rate, the loss and the accuracy of the
 * training batches, and what was measured on held-out data at the troughs.
 *
 * @returns an SVG document, the same text for the same input; readable on light and dark ground
 * @throws {ClrError} if there is no step to draw
 *
 * @example
 * ```ts
 * // run and other are what train() returned
 * renderRun(run).startsWith('<svg'); // true
 * const both = renderRun([{ name: 'CLR', run }, { name: 'fixed', run: other }]);
 * both.includes('— fixed'); // true
 * ```
 */
export function renderRun(runs: TrainingRun | readonly NamedRun[], options: PictureOptions = {}): string {
  const named: readonly NamedRun[] = 'steps' in runs ? [{ name: '', run: runs }] : runs;
  const taken = named.flatMap(({ run }) => run.steps);
  if (taken.length === 0) {
    throw new ClrError('clr/report', {
      expected: 'a run with at least one step to draw',
      received: `${named.length} runs without any`,
      advice: 'Give what train returned, of a run that took a step.',
    });
  }
  const colourOf = (index: number) => seriesColours[index % seriesColours.length]!;
  const keys: readonly Key[] = named.flatMap(({ name }, index) =>
    name ? [{ text: `— ${name}`, colour: colourOf(index) }] : [],
  );
  const troughs = [...new Set(named.flatMap(({ run }) => run.troughs.map(({ step }) => step)))];
  const troughLines = marks(
    // Too many would be a grey wall.
    (troughs.length > 24 ? [] : troughs).map((x) => ({ x, colour: colours.axis, dashed: true })),
  );
  const each = (toSeries: (run: TrainingRun, colour: string) => readonly Series[]): readonly Series[] => [
    ...named.flatMap(({ run }, index) => toSeries(run, colourOf(index))),
    troughLines,
  ];
  /** The running median, and where a single run leaves room for it every step. */
  const metric = (of: 'loss' | 'accuracy') =>
    each((run, colour) => {
      const points = run.steps.map((step): Point => [step.step, step[of] ?? null]);
      const line = curve(smooth(points, Math.max(5, points.length / 60)), colour);
      return named.length > 1 ? [line] : [curve(thin(points, 2000), colour, false), line];
    });
  const [lowest, highest] = extent(taken.flatMap(({ loss }) => loss ?? []));
  // A loss that falls far is flat on a linear axis long before it stops falling.
  const logLoss = lowest > 0 && highest > 20 * lowest;
  const panels: Panel[] = [
    {
      name: 'Learning rate',
      height: 130,
      keys: [...keys, ...(troughs.length > 0 ? [{ text: '┆ troughs', colour: colours.muted }] : [])],
      y: { min: 0, format: formatRate },
      series: each((run, colour) => [
        curve(
          thin(
            run.steps.map(({ step, lr }) => [step, lr]),
            2000,
          ),
          colour,
        ),
      ]),
    },
    {
      name: `Training loss${logLoss ? ' (log)' : ''}`,
      height: 170,
      keys: [{ text: 'running median', colour: colours.muted }],
      y: { log: logLoss, format: (value) => formatNumber(value, 3) },
      series: metric('loss'),
    },
  ];
  if (named.some(({ run }) => run.steps.some(({ accuracy }) => typeof accuracy === 'number'))) {
    panels.push({
      name: 'Training accuracy',
      height: 130,
      keys: [{ text: 'running median', colour: colours.muted }],
      y: { min: 0, max: 1, interval: 0.25, format: (value) => `${Math.round(100 * value)} %` },
      series: metric('accuracy'),
    });
  }
  const held = heldOutPanel(named, each);
  if (held) panels.push(held);

  const { title = named.length > 1 ? 'Training runs' : 'Training run' } = options;
  const axis = {
    name: 'step',
    log: false,
    min: Math.min(...named.map(({ run }) => run.from)),
    max: Math.max(...named.map(({ run }) => run.step)),
    format: formatCount,
  };
  const { drawing, size } = stackPanels(panels, axis, { ...options, title });
  return renderSvg(drawing, { ...size, title, description: named.map(describeRun).join(' ') });
}

/** What was measured at the troughs: accuracy if there is any, else loss. */
function heldOutPanel(
  named: readonly NamedRun[],
  each: (toSeries: (run: TrainingRun, colour: string) => readonly Series[]) => readonly Series[],
): Panel | undefined {
  const has = (of: 'loss' | 'accuracy') =>
    named.some(({ run }) => run.troughs.some((trough) => typeof trough[of] === 'number'));
  const of = has('accuracy') ? 'accuracy' : 'loss';
  if (!has(of)) return undefined;
  const format =
    of === 'accuracy' ? (share: number) => formatShare(share) : (loss: number) => formatNumber(loss, 4);
  return {
    name: `Held-out ${of} at the troughs`,
    height: 170,
    y: { format: of === 'accuracy' ? (share) => `${Number((100 * share).toFixed(2))} %` : format },
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

function describeRun({ name, run }: NamedRun): string {
  const { final, stopped, troughs, from, step } = run;
  const last = final ?? troughs[troughs.length - 1];
  const lead = name ? `${name}: ` : '';
  const ended = stopped ? `, ${stopped.reason} at step ${formatCount(stopped.step)}` : '';
  const accuracy =
    typeof last?.accuracy === 'number' ? `; held-out accuracy at the end ${formatShare(last.accuracy)}` : '';
  const loss =
    typeof last?.loss === 'number' ? `; held-out loss at the end ${formatNumber(last.loss, 4)}` : '';
  return `${lead}${formatCount(step - from)} steps, ${troughs.length} troughs${ended}${accuracy}${loss}.`;
}
