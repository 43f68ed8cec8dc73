import type { LineSeriesOption, ScatterSeriesOption } from 'echarts/charts';
import type { GridComponentOption, TitleComponentOption } from 'echarts/components';
import type { ComposeOption } from 'echarts/core';
import { escapeText } from '../words/words.ts';
import {
  GridComponent,
  init,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
  TitleComponent,
  use,
} from './echarts.ts';
import { colours, darkStyle } from './theme.ts';

use([
  LineChart,
  ScatterChart,
  GridComponent,
  TitleComponent,
  MarkLineComponent,
  MarkAreaComponent,
  SVGRenderer,
]);

/** A curve or a cloud of points. */
export type Series = LineSeriesOption | ScatterSeriesOption;

/** The ECharts options that are used here. */
export type Drawing = ComposeOption<
  LineSeriesOption | ScatterSeriesOption | GridComponentOption | TitleComponentOption
>;

/** The frame of a drawing. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** The accessible name and description, in plain text. */
  readonly title: string;
  readonly description: string;
}

/**
 * Draws without a DOM and completes the SVG: a name and a description for screen readers, and dark colours for readers
 * who prefer them. The same drawing always gives the same text.
 */
export function renderSvg(drawing: Drawing, { width, height, title, description }: Frame): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  let drawn: string;
  try {
    const textStyle = { fontFamily: 'system-ui, sans-serif', color: colours.ink };
    chart.setOption({ animation: false, backgroundColor: colours.surface, textStyle, ...drawing });
    drawn = chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
  const body = settled(drawn.slice(drawn.indexOf('>') + 1, drawn.lastIndexOf('</svg>')));
  // The id is a hash of the drawing, so different pictures on one page have different ids.
  const id = `clr-${fingerprint(body + title + description)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="clr-picture" viewBox="0 0 ${width} ${height}"`,
    ` width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeText(title)}</title>`,
    `<desc id="${id}-desc">${escapeText(description)}</desc>`,
    `<style>${darkStyle}</style>`,
    body.replaceAll(/(?<=id="|url\(#)clip-/g, `${id}-clip-`),
    '</svg>',
  ].join('');
}

/** Removes the markup that only an interactive chart needs, and the running number in ECharts' ids. */
function settled(markup: string): string {
  return markup
    .replace(/<style.*?<\/style>/gs, '')
    .replaceAll(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="[^"]*")/g, '')
    .replaceAll(/(?<=id="|url\(#)zr\d+-/g, 'clip-')
    .replaceAll(
      /(?<==")rgb\((\d+),(\d+),(\d+)\)/g,
      (_, ...rgb: string[]) => `#${rgb.slice(0, 3).map(hex).join('')}`,
    )
    .replaceAll(/\n+/g, '\n');
}

function hex(byte: string): string {
  return Number(byte).toString(16).padStart(2, '0');
}

/** FNV-1a, 32 bits. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
