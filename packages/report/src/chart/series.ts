import type { Series } from './renderSvg.ts';

export type Dash = 'solid' | 'dashed' | 'dotted';

/** A curve. Only a point without neighbours gets a dot, because no line would show it. */
export function curve(
  data: readonly (readonly [number, number | null])[],
  colour: string,
  { faint = false, dash = 'solid' }: { readonly faint?: boolean; readonly dash?: Dash } = {},
): Series {
  const known = (at: number): boolean => typeof data[at]?.[1] === 'number';
  const isLone = (at: number): boolean => known(at) && !known(at - 1) && !known(at + 1);
  return {
    type: 'line',
    data: data as [number, number | null][],
    ...(data.some((_, at) => isLone(at))
      ? {
          showAllSymbol: true,
          symbol: (_: unknown, { dataIndex }: { dataIndex: number }) =>
            isLone(dataIndex) ? 'circle' : 'none',
          symbolSize: 4,
        }
      : { showSymbol: false }),
    silent: true,
    lineStyle: { color: colour, width: faint ? 1 : 2, opacity: faint ? 0.3 : 1, type: dash },
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
