import type { Series } from './renderSvg.ts';

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

/** Vertical lines and bands at positions on the x axis, without labels. */
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
      // The default would round positions to two decimals.
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
