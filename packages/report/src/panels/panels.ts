import { ClrError } from '@clr/core';
import type { Drawing, Frame } from '../chart/renderSvg.ts';
import { inWords } from '../words/inWords.ts';
import { sharedAxis, valueAxis } from './axes.ts';
import { type Heading, panelHeading, titleHeading } from './headings.ts';
import type { Panel, SharedAxis } from './panel.ts';
import type { PictureOptions } from './pictureOptions.ts';

const margin = 16;
const right = 28;

/** Stacks panels into one drawing for `renderSvg`. */
export function stackPanels(
  panels: readonly Panel[],
  axis: SharedAxis,
  { width = 960, title, showTitle = true }: PictureOptions & { readonly title: string },
): { readonly drawing: Drawing; readonly size: Pick<Frame, 'width' | 'height'> } {
  if (!(Number.isFinite(width) && width >= 280)) {
    throw new ClrError('clr/report', {
      expected: 'width to be a number of pixels, 280 or more',
      received: `width = ${inWords(width)}`,
      advice: 'Give 960 for a desktop and 360 for a phone.',
    });
  }
  const narrow = width < 600;
  const fontSize = narrow ? 11 : 12;
  const left = panels.some(({ y }) => y?.rows) ? 92 : narrow ? 62 : 84;

  let y = margin - 4;
  const titles: object[] = [];
  const heading = ({ text, textStyle, height }: Heading) => {
    titles.push({ text, textStyle, left: margin, top: y });
    y += height;
  };
  if (showTitle) heading(titleHeading(title));
  const grids = panels.map(({ name, keys = [], height }) => {
    heading(panelHeading(name, keys, width - margin - right, fontSize));
    const grid = { left, right, top: y, height };
    y += height + margin;
    return grid;
  });

  const drawing = {
    title: titles,
    grid: grids,
    xAxis: panels.map((_, index) => ({
      ...sharedAxis(axis, index === panels.length - 1, narrow, fontSize),
      gridIndex: index,
    })),
    yAxis: panels.map((panel, index) => ({
      ...valueAxis(panel.y ?? {}, panel.height, fontSize),
      gridIndex: index,
    })),
    series: panels.flatMap(({ series }, index) =>
      series.map((one) => ({ ...one, xAxisIndex: index, yAxisIndex: index })),
    ),
  } as Drawing;
  return { drawing, size: { width, height: y + 36 } };
}
