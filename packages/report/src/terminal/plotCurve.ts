import { plot } from 'simple-ascii-chart';
import { checkCount } from '../curves/checkCount.ts';
import { extent } from '../curves/extent.ts';
import { median } from '../curves/smooth.ts';
import type { Point } from '../curves/thin.ts';

/** The size of a terminal chart's plot, in characters, without its axes. */
export interface ChartSize {
  /** Default 64. */
  readonly width?: number;
  /** Default 14. */
  readonly height?: number;
}

/** A position on the x axis, marked by a letter and a dotted line. */
export interface Mark {
  readonly letter: string;
  readonly x: number;
}

interface Curve extends Required<ChartSize> {
  readonly xTicks: readonly number[];
  /** The value of a column: its median, or its highest value, so that peaks stay visible. */
  readonly column: 'median' | 'highest';
  readonly yMax?: number | undefined;
  readonly format: (value: number, axis: 'x' | 'y') => string;
  readonly marks: readonly Mark[];
}

/** Draws one curve for a terminal: a value for each column, and letters above the marks. */
export function plotCurve(points: readonly Point[], curve: Curve): string {
  const { width, height, xTicks, column, yMax = Infinity, format, marks } = curve;
  for (const [name, value] of Object.entries({ width, height })) {
    checkCount(name, value, 1, 'Give the size of the plot in characters.');
  }
  const known = points.flatMap(([x, y]) => (y === null ? [] : [[x, Math.min(y, yMax)] as const]));
  const xs = known.map(([x]) => x);
  const [low, high] = extent(xs);
  const columnOf = (x: number) => (high > low ? Math.round(((x - low) / (high - low)) * (width - 1)) : 0);
  const columns = Array.from({ length: width }, (): number[] => []);
  for (const [x, y] of known) columns[columnOf(x)]!.push(y);
  const line = columns.flatMap((values, at): [number, number][] =>
    values.length === 0
      ? []
      : [
          [
            low + ((high - low) * at) / Math.max(1, width - 1),
            column === 'median' ? median(values) : extent(values)[1],
          ],
        ],
  );
  const ys = line.map(([, y]) => y);
  const [bottom, top] = extent(ys);
  const inside = (x: number) => x >= low && x <= high;
  const drawn = plot(line, {
    width,
    height,
    customXAxisTicks: xTicks.filter(inside),
    customYAxisTicks: [0, 1, 2, 3].map((part) => bottom + ((top - bottom) * part) / 3),
    showTickLabel: false,
    thresholds: marks.filter(({ x }) => inside(x)).map(({ x }) => ({ x })),
    symbols: { thresholds: { y: '┊' } },
    formatter: (value, { axis }) => format(value, axis),
  });
  const lines = drawn.split('\n').map((row) => row.trimEnd());
  const offset = Math.max(...lines.map((row) => row.indexOf('└'))) + 1;
  const letters = Array.from({ length: offset + width }, () => ' ');
  for (const { letter, x } of marks) if (inside(x)) letters[offset + columnOf(x)] = letter;
  return [letters.join('').trimEnd(), ...lines].filter(Boolean).join('\n');
}
