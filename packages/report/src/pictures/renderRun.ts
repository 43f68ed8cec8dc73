import { ClrError, checkOptionNames, type TrainingRun } from '@clr/core';
import { renderSvg } from '../chart/renderSvg.ts';
import { stackPanels } from '../panels/panels.ts';
import { type PictureOptions, pictureOptions } from '../panels/pictureOptions.ts';
import { runPanels } from '../panels/runPanels.ts';
import { checkRuns } from '../words/checkContent.ts';
import type { NamedRun } from '../words/namedRun.ts';
import { formatCount, formatNumber, formatShare } from '../words/words.ts';

/**
 * Draws a training run, or several over the same axis: the rate, the loss and the accuracy of the training batches, and
 * the evaluations on held-out data at the troughs.
 *
 * @returns an SVG document, the same text for the same input; readable on light and dark backgrounds
 * @throws {ClrError} if there is no step to draw, or if a run or its name is missing
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
  checkOptionNames('clr/report', 'renderRun', options, pictureOptions);
  const named: unknown = 'steps' in Object(runs) ? [{ name: '', run: runs }] : runs;
  checkRuns('runs', named);
  if (!named.some(({ run }) => run.steps.length > 0)) {
    throw new ClrError('clr/report', {
      expected: 'a run with at least one step to draw',
      received: `${named.length} runs without a step`,
      advice: 'Pass the result of train for a run with at least one step.',
    });
  }
  const { title = named.length > 1 ? 'Training runs' : 'Training run' } = options;
  const axis = {
    name: 'step',
    log: false,
    min: Math.min(...named.map(({ run }) => run.from)),
    max: Math.max(...named.map(({ run }) => run.step)),
    whole: true,
    format: formatCount,
  };
  const { drawing, size } = stackPanels(runPanels(named), axis, { ...options, title });
  return renderSvg(drawing, { ...size, title, description: named.map(describeRun).join(' ') });
}

function describeRun({ name, run }: NamedRun): string {
  const { final, stopped, troughs, from, step } = run;
  const last = final ?? troughs[troughs.length - 1];
  return [
    `${name ? `${name}: ` : ''}${formatCount(step - from)} steps, ${troughs.length} troughs`,
    stopped ? `, ${stopped.reason} at step ${formatCount(stopped.step)}` : '',
    typeof last?.accuracy === 'number' ? `; held-out accuracy at the end ${formatShare(last.accuracy)}` : '',
    typeof last?.loss === 'number' ? `; held-out loss at the end ${formatNumber(last.loss, 4)}` : '',
    '.',
  ].join('');
}
