import { analyzeRangeTest } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { exampleTrace } from '../../test/examples.ts';
import { type Picture, readPicture, stray } from '../../test/picture.ts';
import { colours } from '../chart/theme.ts';
import { formatRate } from '../words/words.ts';
import { renderRangeTest } from './renderRangeTest.ts';

const trace = exampleTrace();
const finding = analyzeRangeTest(trace);
const { suggestion } = finding;
if (!suggestion) throw new Error('the example must have a suggestion');

const faint = (picture: Picture) =>
  picture.strokes.filter(({ colour, points }) => colour === colours.muted && points.length > 50);

describe('renderRangeTest', () => {
  it('draws every loss and accuracy over the logarithm of the rate', () => {
    const [loss, accuracy] = faint(readPicture(renderRangeTest(trace, finding)));
    const over = (of: 'loss' | 'accuracy') =>
      trace.points.map((point) => [Math.log(point.lr), point[of]!] as const);
    expect(stray(loss!.points, over('loss'))).toBeLessThan(0.2);
    expect(stray(accuracy!.points, over('accuracy'))).toBeLessThan(0.2);
  });

  it('draws a linear sweep over a linear axis', () => {
    const linear = exampleTrace('linear');
    const picture = readPicture(renderRangeTest(linear, analyzeRangeTest(linear)));
    const data = linear.points.map(({ lr, loss }) => [lr, loss!] as const);
    expect(stray(faint(picture)[0]!.points, data)).toBeLessThan(0.2);
    expect(picture.words).toContain('learning rate');
  });

  it('draws each rate at its position, in the curves and in its own row', () => {
    const picture = readPicture(renderRangeTest(trace, finding));
    const { points } = faint(picture)[0]!;
    const [left, right] = [points[0]![0], points.at(-1)![0]];
    const place = (rate: number) =>
      left + ((right - left) * Math.log(rate / trace.startLr)) / Math.log(trace.endLr / trace.startLr);
    const rates = [
      [suggestion.baseLr, colours.blue],
      [suggestion.fixedLr, colours.green],
      [suggestion.maxLr, colours.orange],
      [finding.edgeLr!, colours.red],
    ] as const;
    for (const [rate, colour] of rates) {
      const upright = picture.strokes.find(
        (stroke) => stroke.colour === colour && stroke.points[0]![0] === stroke.points[1]![0],
      );
      expect(Math.abs(upright!.points[0]![0] - place(rate))).toBeLessThan(1);
      expect(Math.abs(picture.dots(colour)[0]![0] - place(rate))).toBeLessThan(1);
      expect(picture.words).toContain(formatRate(rate));
    }
    for (const [name, rate] of Object.entries(finding.rules)) {
      expect(picture.words).toContain(name);
      expect(picture.words).toContain(formatRate(rate));
    }
  });

  it('marks the rates at which the accuracy rises, slows and falls', () => {
    const { accuracy } = finding;
    const picture = readPicture(renderRangeTest(trace, finding));
    const rates = [accuracy!.risesLr, accuracy!.slowsLr, accuracy!.fallsLr].filter((rate) => rate !== null);
    expect(rates.length).toBeGreaterThan(1);
    const upright = picture.strokes.filter(
      ({ colour, points }) => colour === colours.ink && points[0]![0] === points[1]?.[0],
    );
    expect(upright.length).toBeGreaterThanOrEqual(rates.length);
    for (const rate of rates) expect(picture.words).toContain(formatRate(rate));
    expect(picture.words).toContain('acc. slows');
  });

  it('draws only the accuracy of a trace without losses', () => {
    const only = { ...trace, points: trace.points.map((point) => ({ ...point, loss: null })) };
    const picture = readPicture(renderRangeTest(only, analyzeRangeTest(only)));
    expect(picture.words).toContain('Accuracy');
    expect(picture.words).not.toContain('Loss');
    expect(picture.words).toContain('maxLr');
  });

  it('shows the held-out points and the finding in words', () => {
    // The losses of the last points lie above the top of the plot.
    const validation = trace.validation!.slice(0, 8);
    const picture = readPicture(renderRangeTest({ ...trace, validation }, finding));
    expect(picture.dots(colours.purple)).toHaveLength(16);
    expect(picture.description).toContain(`constant rate use ${formatRate(suggestion.fixedLr)}`);
  });

  it('draws a trace without accuracy, with gaps, and a finding without a suggestion', () => {
    const points = trace.points.map(({ step, lr, loss }) => ({ step, lr, loss: step > 190 ? null : loss }));
    const bare = { ...trace, points, validation: [] };
    const none = { ...finding, suggestion: null, edgeLr: null };
    const picture = readPicture(renderRangeTest(bare, none));
    expect(picture.words.filter((word) => word === 'Accuracy')).toEqual([]);
    expect(faint(picture)[0]!.points).toHaveLength(191);
    expect(picture.description).toContain('gives no suggestion');
    const bound = { ...none, lowerBound: { edgeLr: 0.08, maxLr: 0.02 } };
    const { words } = readPicture(renderRangeTest(bare, bound));
    expect(words).toEqual(expect.arrayContaining(['maxLr above', 'edge above', '0.02', '0.08']));
  });

  it('draws several sweeps over one another', () => {
    expect(faint(readPicture(renderRangeTest([trace, trace], finding)))).toHaveLength(4);
  });

  it('refuses a trace without a step', () => {
    const empty = { ...trace, points: [] };
    expect(() => renderRangeTest(empty, finding)).toThrow(
      '[clr/report] Expected a trace with at least one step',
    );
  });
});
