import { triangular, triangular2 } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { exampleRun } from '../../test/examples.ts';
import { readPicture, stray } from '../../test/picture.ts';
import { colours, seriesColours } from '../chart/theme.ts';
import { renderRun } from './renderRun.ts';

const run = exampleRun(triangular2({ baseLr: 0.01, maxLr: 0.1, stepSize: 125 }), 0.99);
const fixed = exampleRun(triangular({ baseLr: 0.05, maxLr: 0.05, stepSize: 125 }), 0.98);

describe('renderRun', () => {
  it('draws rate, loss, accuracy and the troughs of one run', () => {
    const picture = readPicture(renderRun(run));
    const curves = picture.strokes.filter(
      ({ colour, points }) => colour === colours.blue && points.length > 2,
    );
    const over = (of: 'lr' | 'loss' | 'accuracy') => run.steps.map((step) => [step.step, step[of]!] as const);
    // For loss and accuracy the curve of each step comes first, then the smoothed one.
    const [lr, loss, , accuracy] = curves.map(({ points }) => points);
    expect(stray(lr!, over('lr'))).toBeLessThan(0.2);
    // The loss falls to a twentieth, so its axis is logarithmic.
    const logLoss = over('loss').map(([step, value]) => [step, Math.log(value)] as const);
    expect(stray(loss!, logLoss)).toBeLessThan(0.2);
    expect(stray(accuracy!, over('accuracy'))).toBeLessThan(0.2);
    const held = run.troughs.map((trough) => [trough.step, trough.accuracy!] as const);
    expect(stray(curves.at(-1)!.points, held)).toBeLessThan(0.2);
    expect(picture.description).toContain('1,000 steps, 4 troughs; held-out accuracy at the end 99.00 %');
  });

  it('draws several named runs in one picture', () => {
    const picture = readPicture(
      renderRun([
        { name: 'CLR', run },
        { name: 'fixed', run: fixed },
      ]),
    );
    expect(picture.words).toEqual(expect.arrayContaining(['— CLR', '— fixed']));
    expect(picture.strokes.filter(({ colour }) => colour === colours.orange).length).toBeGreaterThan(3);
    expect(picture.description).toContain(
      'fixed: 1,000 steps, 4 troughs; held-out accuracy at the end 98.00 %',
    );
  });

  it('draws each of six runs in its own colour', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { strokes } = readPicture(renderRun(names.map((name) => ({ name, run }))));
    const drawn = new Set(strokes.map(({ colour }) => colour));
    expect(seriesColours.filter((colour) => drawn.has(colour)).length).toBe(names.length);
    expect(new Set(seriesColours).size).toBe(names.length);
  });

  it('leaves out metrics that a run did not measure, and says why it stopped early', () => {
    const { steps, troughs: _, final: __, ...rest } = run;
    const bare = {
      ...rest,
      troughs: [],
      steps: steps.slice(0, 40).map(({ step, lr, loss }) => ({ step, lr, loss })),
    };
    const { words, description } = readPicture(
      renderRun({ ...bare, step: 40, stopped: { step: 40, reason: 'diverged' } }),
    );
    expect(words.filter((word) => /accuracy|Held-out/.test(word))).toEqual([]);
    expect(description).toContain('diverged at step 40');
  });

  it('cuts the accuracy axis of an accurate run, so that differences become visible', () => {
    const steps = run.steps.map((step) => ({ ...step, accuracy: 0.99 - 0.9 * Math.exp(-step.step / 20) }));
    const { words } = readPicture(renderRun({ ...run, steps }));
    expect(words).toEqual(expect.arrayContaining(['cut below 95 %', '95 %', '100 %']));
    const [, first] = readPicture(renderRun(run)).words.join('|').split('Training accuracy');
    expect(first).not.toContain('cut below');
  });

  it('draws a run with any name', () => {
    const name = '</text><script>&"\'{name|x}\u0000\ud800';
    const picture = readPicture(renderRun([{ name, run }]));
    expect(picture.words).toContain('— </text><script>&"\'(name¦x)');
    expect(picture.description).toContain('</text><script>&"\'{name|x}: 1,000 steps');
  });

  it('draws a long run as a small file', () => {
    const steps = Array.from({ length: 300_000 }, (_, step) => ({ step, lr: 0.1, loss: 1 / (1 + step) }));
    const svg = renderRun({ ...run, steps, step: 300_000, troughs: [] });
    // Without limits, the picture would take a megabyte for every twenty thousand steps, and drawing it minutes.
    expect(svg.length).toBeLessThan(200_000);
    expect(readPicture(svg).words).toContain('Training loss (log)');
  });

  it('draws a single step as a dot, on an axis of whole steps', () => {
    const steps = [{ step: 0, lr: 3, loss: 2 }];
    const picture = readPicture(renderRun({ ...run, steps, step: 1, troughs: [] }));
    expect(picture.dots(colours.blue).length).toBeGreaterThanOrEqual(2);
    expect(picture.words.filter((word) => word.startsWith('0.'))).toEqual([]);
  });

  it('gives the labels of an axis as many digits as tell them apart', () => {
    const steps = run.steps.map((step) => ({ ...step, loss: 2.3025 - 1e-8 * step.step }));
    const labels = readPicture(renderRun({ ...run, steps })).words.filter((word) => word.startsWith('2.30'));
    expect(labels.length).toBeGreaterThan(2);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it('dashes the curves for which no colour is left', () => {
    const runs = Array.from({ length: 8 }, (_, at) => ({ name: `run ${at}`, run }));
    const svg = renderRun(runs);
    expect(readPicture(svg).words).toEqual(expect.arrayContaining(['— run 5', '╌ run 6', '╌ run 7']));
    // The curves of rate, loss and accuracy of two runs.
    const dashed = svg.match(/<path[^>]*stroke-dasharray[^>]*>/g)!;
    const ofRuns = dashed.filter((path) => seriesColours.slice(0, 2).some((colour) => path.includes(colour)));
    expect(ofRuns.filter((path) => path.includes('stroke-width="2"'))).toHaveLength(6);
  });

  it.each([
    [null, 'runs = null'],
    [[run], 'runs[0] = a run without a name'],
    [{ name: 'CLR', run }, 'runs = an object'],
    [[{ name: 'CLR' }], 'runs[0] = an object'],
  ])('refuses what is not a run: %#', (runs, received) => {
    expect(() => renderRun(runs as never)).toThrow(`Received: ${received}`);
  });

  it('refuses a run without a step', () => {
    expect(() => renderRun({ ...run, steps: [] })).toThrow(
      '[clr/report] Expected a run with at least one step',
    );
    expect(() => renderRun([])).toThrow('Received: 0 runs without a step');
  });
});
