import type { Interval, RangeTestFinding } from '@clr/core';
import type { Series } from '../chart/renderSvg.ts';
import { colours } from '../chart/theme.ts';
import { formatRate } from '../words/words.ts';
import type { Panel } from './panel.ts';

interface Row {
  readonly text: string;
  readonly colour: string;
  readonly rate: number;
  readonly interval?: Interval;
}

/** The visible part of the rate axis. */
interface Range {
  readonly log: boolean;
  readonly from: number;
  readonly to: number;
}

/** One row for each suggested rate and each classic rule: a dot, its value, and its interval if there is one. */
export function ratesPanel(
  { suggestion, edgeLr, lowerBound, accuracy, rules }: RangeTestFinding,
  range: Range,
): Panel {
  const known = (text: string, rate: number | null | undefined, colour: string): readonly Row[] =>
    typeof rate === 'number' ? [{ text, colour, rate }] : [];
  const classic = (text: string, rate: number | null) => known(text, rate, colours.muted);
  const ours = (text: 'baseLr' | 'fixedLr' | 'maxLr', colour: string): readonly Row[] =>
    suggestion ? [{ text, colour, rate: suggestion[text], interval: suggestion.interval[text] }] : [];
  const rows: readonly Row[] = [
    ...ours('baseLr', colours.blue),
    ...ours('fixedLr', colours.green),
    ...ours('maxLr', colours.orange),
    ...(edgeLr === null ? [] : [{ text: 'loss edge', colour: colours.red, rate: edgeLr }]),
    ...(lowerBound ? [{ text: 'maxLr above', colour: colours.orange, rate: lowerBound.maxLr }] : []),
    ...(lowerBound ? [{ text: 'edge above', colour: colours.red, rate: lowerBound.edgeLr }] : []),
    ...known('acc. rises', accuracy?.risesLr, colours.ink),
    ...known('acc. slows', accuracy?.slowsLr, colours.ink),
    ...known('acc. falls', accuracy?.fallsLr, colours.ink),
    ...classic('steepest', rules.steepest),
    ...classic('minimum', rules.minimum),
    ...classic('valley', rules.valley),
    ...classic('slide', rules.slide),
  ];
  const across = (rate: number): number =>
    range.log
      ? Math.log(rate / range.from) / Math.log(range.to / range.from)
      : (rate - range.from) / (range.to - range.from);
  const inside = (rate: number): number => Math.min(range.to, Math.max(range.from, rate));
  return {
    name: 'Suggested rates',
    height: Math.max(1, rows.length) * 24,
    keys: [{ text: 'bars: intervals; grey: classic rules', colour: colours.muted }],
    y: { rows },
    series: [
      ...rows.flatMap(({ interval, colour }, row) =>
        interval
          ? [
              {
                type: 'line',
                data: interval.map((rate) => [inside(rate), row]),
                showSymbol: false,
                silent: true,
                lineStyle: { color: colour, width: 6, opacity: 0.45, cap: 'round' },
              } as Series,
            ]
          : [],
      ),
      {
        type: 'scatter',
        silent: true,
        symbolSize: 10,
        data: rows.map(({ rate, colour }, row) => ({
          value: [inside(rate), row],
          itemStyle: { color: colour },
        })),
      } as Series,
      {
        type: 'scatter',
        silent: true,
        // This series draws only the labels, beside the interval on the side with room.
        symbolSize: 10,
        itemStyle: { color: 'transparent' },
        data: rows.map(({ rate, interval = [rate, rate] }, row) => {
          const left = across(interval[1]) > 0.8;
          return {
            value: [inside(left ? Math.min(rate, interval[0]) : Math.max(rate, interval[1])), row],
            label: {
              show: true,
              position: left ? 'left' : 'right',
              formatter: formatRate(rate),
              fontSize: 12,
              color: colours.ink,
            },
          };
        }),
      } as Series,
    ],
  };
}
