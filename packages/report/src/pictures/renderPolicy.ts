import { checkOptionNames, type ScheduleLike } from '@clr/core';
import { renderSvg } from '../chart/renderSvg.ts';
import { curve, marks } from '../chart/series.ts';
import { colours } from '../chart/theme.ts';
import { extent } from '../curves/extent.ts';
import { policyPoints } from '../curves/policyPoints.ts';
import type { Panel } from '../panels/panel.ts';
import { stackPanels } from '../panels/panels.ts';
import type { PictureOptions } from '../panels/pictureOptions.ts';
import { formatCount, formatRate } from '../words/words.ts';

/** Options of {@link renderPolicy}. */
export interface PolicyPictureOptions extends PictureOptions {
  /**
   * The number of steps to draw. Above 100,000 it draws a sample. Default: the first four cycles, or 1,000 steps if the
   * policy has no cycles.
   */
  readonly steps?: number;
}

/**
 * Draws a policy: the rate over the steps, its troughs, and below them the momentum if it is cycled.
 *
 * @returns an SVG document, the same text for the same input; readable on light and dark backgrounds
 * @throws {PolicyError} if the policy is not legal
 *
 * @example
 * ```ts
 * const svg = renderPolicy(triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 }));
 * svg.startsWith('<svg'); // true
 * ```
 */
export function renderPolicy(policy: ScheduleLike, options: PolicyPictureOptions = {}): string {
  checkOptionNames('clr/report', 'renderPolicy', options, ['width', 'title', 'showTitle', 'steps']);
  const { steps, rates, momenta, troughs } = policyPoints(
    policy,
    'steps' in options ? { steps: options.steps! } : {},
  );
  const troughLines = marks(
    // Too many trough lines would fill the plot with grey.
    (troughs.length > 24 ? [] : troughs).map((x) => ({ x, colour: colours.axis, dashed: true })),
  );
  const panels: Panel[] = [
    {
      name: 'Learning rate',
      height: 260,
      keys: troughs.length > 0 && troughs.length <= 24 ? [{ text: '┆ troughs', colour: colours.muted }] : [],
      y: { min: 0, format: formatRate },
      series: [curve(rates, colours.blue), troughLines],
    },
  ];
  if (momenta) {
    panels.push({
      name: 'Momentum',
      height: 110,
      y: { format: formatRate },
      series: [curve(momenta, colours.green), troughLines],
    });
  }
  const { type = 'custom' } = policy as { type?: string };
  const { title = `Policy ${type}` } = options;
  const axis = { name: 'step', log: false, min: 0, max: steps, whole: true, format: formatCount };
  const { drawing, size } = stackPanels(panels, axis, { ...options, title });
  const [low, high] = extent(rates.flatMap(([, lr]) => lr ?? []));
  const description =
    `The learning rate over ${formatCount(steps)} steps, between ${formatRate(low)} and ` +
    `${formatRate(high)}` +
    (troughs.length > 0 ? `; the first trough is at step ${formatCount(troughs[0]!)}.` : '.');
  return renderSvg(drawing, { ...size, title, description });
}
