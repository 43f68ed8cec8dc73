import { ClrError } from '@clr/core';
import type { Drawing, Frame, Series } from './renderSvg.ts';
import { colours } from './theme.ts';
import { legalText } from './words.ts';

/** What every picture may be told. */
export interface PictureOptions {
  /** In CSS pixels, from 280. Default 960. Height follows. */
  readonly width?: number;
  /** The heading, and the picture's accessible name. */
  readonly title?: string;
  /** Whether to draw the heading too. Default true. */
  readonly showTitle?: boolean;
}

/** A word of a panel's heading, in the colour of what it names. */
export interface Key {
  readonly text: string;
  readonly colour: string;
}

/** One of the plots that stand above each other over one x axis. */
export interface Panel {
  readonly name: string;
  readonly height: number;
  readonly keys?: readonly Key[];
  /** The value axis; ECharts' own defaults elsewhere. */
  readonly y?: {
    readonly min?: number | undefined;
    readonly max?: number | undefined;
    readonly interval?: number;
    readonly log?: boolean;
    readonly format?: (value: number) => string;
    /** Row names instead of values, from the top. */
    readonly rows?: readonly Key[];
  };
  readonly series: readonly Series[];
}

/** The axis that all panels share. */
export interface SharedAxis {
  readonly name: string;
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
}

const gap = 12;

/** Lays panels out above each other, for {@link renderSvg}. */
export function stackPanels(
  panels: readonly Panel[],
  axis: SharedAxis,
  { width = 960, title, showTitle = true }: PictureOptions & { readonly title: string },
): { readonly drawing: Drawing; readonly size: Pick<Frame, 'width' | 'height'> } {
  if (!(Number.isFinite(width) && width >= 280)) {
    throw new ClrError('clr/report', {
      expected: 'width to be a number of pixels, 280 or more',
      received: `width = ${width}`,
      advice: 'Give 960 for a desk and 360 for a phone.',
    });
  }
  const narrow = width < 600;
  const left = narrow && !panels.some(({ y }) => y?.rows) ? 62 : 84;
  // On a narrow picture the keys stand below the name.
  const heading = narrow && panels.some(({ keys }) => keys?.length) ? 50 : 34;
  const right = 28;
  const tops: number[] = [];
  let y = showTitle ? 44 : 8;
  for (const { height } of panels) {
    tops.push(y + heading);
    y += heading + height + gap;
  }
  const height = y + 40;
  const text = { fontSize: narrow ? 11 : 12, fontWeight: 400, color: colours.muted } as const;
  const drawing: Drawing = {
    title: [
      ...(showTitle
        ? [
            {
              text: plain(title),
              left: 16,
              top: 14,
              textStyle: { ...text, fontSize: 17, fontWeight: 600, color: colours.ink },
            },
          ]
        : []),
      ...panels.map(({ name, keys = [] }, index) => ({
        text: [`{name|${plain(name)}}`, keys.map((key, at) => `{key${at}|${plain(key.text)}}`).join('')].join(
          narrow ? '\n' : '',
        ),
        left: 16,
        top: tops[index]! - heading + 8,
        textStyle: {
          ...text,
          rich: {
            name: {
              fontSize: 13,
              lineHeight: 17,
              fontWeight: 600,
              color: colours.ink,
              width: roomFor(name, 14),
            },
            ...Object.fromEntries(
              keys.map((key, at) => [
                `key${at}`,
                { ...text, lineHeight: 17, color: key.colour, width: roomFor(key.text, text.fontSize) },
              ]),
            ),
          },
        },
      })),
    ] as NonNullable<Drawing['title']>,
    grid: panels.map((panel, index) => ({
      left,
      right,
      top: tops[index]!,
      height: panel.height,
    })),
    xAxis: panels.map((_, index) => {
      const last = index === panels.length - 1;
      return {
        gridIndex: index,
        type: axis.log ? 'log' : 'value',
        min: axis.min,
        max: axis.max,
        splitNumber: narrow ? 3 : 8,
        ...(last && { name: axis.name, nameLocation: 'middle', nameGap: 26, nameTextStyle: text }),
        axisLabel: { ...text, show: last, hideOverlap: true, formatter: axis.format },
        axisTick: { show: last, lineStyle: { color: colours.axis } },
        axisLine: { show: true, onZero: false, lineStyle: { color: colours.axis } },
        splitLine: { lineStyle: { color: colours.grid } },
      };
    }) as NonNullable<Drawing['xAxis']>,
    yAxis: panels.map(({ y: own = {}, height }, index) => ({
      gridIndex: index,
      ...(own.rows
        ? { type: 'category', inverse: true, data: own.rows.map((row) => row.text) }
        : {
            type: own.log ? 'log' : 'value',
            scale: true,
            splitNumber: Math.max(2, Math.round(height / 60)),
          }),
      ...(own.min !== undefined && { min: own.min }),
      ...(own.max !== undefined && { max: own.max }),
      ...(own.interval !== undefined && { interval: own.interval }),
      axisLabel: {
        ...text,
        ...(own.format && { formatter: own.format }),
        ...(own.rows && {
          interval: 0,
          color: (row: string) => own.rows!.find((key) => key.text === row)!.colour,
        }),
      },
      axisTick: { show: false },
      axisLine: { show: false },
      splitLine: { show: true, lineStyle: { color: colours.grid } },
    })) as NonNullable<Drawing['yAxis']>,
    series: panels.flatMap(({ series }, index) =>
      series.map((one) => ({ ...one, xAxisIndex: index, yAxisIndex: index })),
    ) as NonNullable<Drawing['series']>,
  };
  return { drawing, size: { width, height } };
}

/** A width that the text surely fits, whatever the reader's font: ECharts' own guess is a narrow font's. */
function roomFor(text: string, size: number): number {
  return Math.ceil((text.length + 1) * size * 0.62);
}

/** Text that ECharts does not take for its own `{style|…}` marks. */
function plain(text: string): string {
  return legalText(text).replaceAll('{', '(').replaceAll('}', ')').replaceAll('|', '¦');
}

/** A curve without dots. */
export function curve(
  data: readonly (readonly [number, number | null])[],
  colour: string,
  strong = true,
): Series {
  return {
    type: 'line',
    data: data as [number, number | null][],
    showSymbol: false,
    silent: true,
    lineStyle: { color: colour, width: strong ? 2 : 1, opacity: strong ? 1 : 0.3 },
    itemStyle: { color: colour },
  } as Series;
}

/** A series that only marks places on the x axis: lines and bands, without labels. */
export function marks(
  lines: readonly { readonly x: number; readonly colour: string; readonly dashed?: boolean }[],
  bands: readonly { readonly from: number; readonly to: number; readonly colour: string }[] = [],
): Series {
  return {
    type: 'line',
    data: [],
    silent: true,
    z: 1,
    markLine: {
      symbol: 'none',
      // Its own default would round the places to two decimals.
      precision: 20,
      label: { show: false },
      data: lines.map(({ x, colour, dashed }) => ({
        xAxis: x,
        lineStyle: { color: colour, width: 1.5, type: dashed ? 'dashed' : 'solid' },
      })),
    },
    markArea: {
      data: bands.map(({ from, to, colour }) => [
        { xAxis: from, itemStyle: { color: colour, opacity: 0.14 } },
        { xAxis: to },
      ]),
    },
  } as Series;
}
