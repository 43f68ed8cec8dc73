import { analyzeRangeTest, constant, triangular } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { exampleTrace } from '../../test/examples.ts';
import { formatRate } from '../words/words.ts';
import { plotPolicy, plotRangeTest, textTable } from './index.ts';

const trace = exampleTrace();
const finding = analyzeRangeTest(trace);

/** The column of each letter in the first line, counted from the y axis. */
function columns(chart: string): Record<string, number> {
  const lines = chart.split('\n');
  const axis = Math.max(...lines.map((line) => line.indexOf('└'))) + 1;
  return Object.fromEntries(
    Array.from(lines[0]!.matchAll(/[a-z]/g), (match) => [match[0], match.index - axis]),
  );
}

describe('plotRangeTest', () => {
  it('places each letter over its rate', () => {
    const chart = plotRangeTest(trace, finding, { width: 101 });
    const place = (rate: number) => Math.round((100 * Math.log(rate / trace.startLr)) / Math.log(1e5));
    const { baseLr, fixedLr, maxLr } = finding.suggestion!;
    expect(columns(chart)).toEqual({
      b: place(baseLr),
      f: place(fixedLr),
      m: place(maxLr),
      e: place(finding.edgeLr!),
    });
    for (const rate of [baseLr, fixedLr, maxLr, finding.edgeLr!]) expect(chart).toContain(formatRate(rate));
  });

  it('has the given width and height, without a space at a line’s end', () => {
    const lines = plotRangeTest(trace, finding, { width: 40, height: 9 }).split('\n');
    const rows = lines.filter((line) => /[│┤]/.test(line));
    expect(rows).toHaveLength(9);
    expect(Math.max(...rows.map((line) => line.length))).toBeLessThan(56);
    expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
  });

  it('works without a suggestion and without a finite loss', () => {
    const none = { ...finding, suggestion: null, edgeLr: null };
    expect(plotRangeTest(trace, none)).not.toContain('baseLr');
    const bound = { ...none, lowerBound: { edgeLr: 0.08, maxLr: 0.02 } };
    expect(plotRangeTest(trace, bound)).toContain('m maxLr above 0.02   e loss edge above 0.08');
    const points = trace.points.map((point) => ({ ...point, loss: null }));
    expect(plotRangeTest({ ...trace, points }, none)).toBe('No step with a finite loss to draw.');
  });
});

describe('plotPolicy', () => {
  it('shows both bounds and never loses a peak, even a short one', () => {
    const chart = plotPolicy(triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 }), { steps: 100_000 });
    expect(chart).toMatch(/^0\.006┤/m);
    // Peaks are 1,000 steps apart, and a column is 1,587 steps wide, so each column holds a peak.
    expect(chart.split('\n').filter((line) => /[━┏┓]/.test(line))).toHaveLength(1);
  });

  it.each([{ width: 0 }, { width: 1.5 }, { height: Number.NaN }, { steps: undefined }, { steps: -1 }])(
    'refuses %j',
    (options) => {
      const all = { steps: 10, ...options } as { steps: number };
      const [[name, value]] = Object.entries(options) as [[string, unknown]];
      expect(() => plotPolicy(constant({ lr: 0.1 }), all)).toThrow(
        `[clr/report] Expected ${name} to be a positive integer.\nReceived: ${name} = ${value}`,
      );
    },
  );

  it('draws a constant rate', () => {
    expect(plotPolicy(constant({ lr: 0.1 }), { steps: 10, width: 20 })).toMatch(/0\.1┤━{20}/);
  });
});

describe('textTable', () => {
  it('aligns numbers to the right and names to the left', () => {
    const rows = [
      ['a', '1'],
      ['long', '22'],
    ];
    const text = textTable({ caption: 'C', columns: ['n', 'v'], rows });
    expect(text.split('\n')).toEqual(['  C', '  n       v', '  ────   ──', '  a       1', '  long   22']);
  });
});
