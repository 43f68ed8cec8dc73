import { constant, decay, oneCycle, toSchedule, triangular, triangular2, wsd } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { readPicture, stray } from '../../test/picture.ts';
import { colours } from '../chart/theme.ts';
import { renderPolicy } from './renderPolicy.ts';

const policy = triangular2({
  baseLr: 0.001,
  maxLr: 0.006,
  stepSize: 50,
  momentum: { base: 0.85, max: 0.95 },
});

describe('renderPolicy', () => {
  it.each([960, 360])('draws the rate of every step, %i pixels wide', (width) => {
    const { lr, momentum } = toSchedule(policy);
    const picture = readPicture(renderPolicy(policy, { width }));
    const drawn = (colour: string) =>
      picture.strokes.find((stroke) => stroke.colour === colour && stroke.points.length > 2)!.points;
    const data = (value: (step: number) => number | undefined) =>
      Array.from({ length: 401 }, (_, step) => [step, value(step)!] as const);
    expect(picture.width).toBe(width);
    expect(stray(drawn(colours.blue), data(lr))).toBeLessThan(0.2);
    expect(stray(drawn(colours.green), data(momentum))).toBeLessThan(0.2);
  });

  it.each([
    decay({ maxLr: 0.1, steps: 400, shape: 'sqrt', finalLr: 0.01 }),
    wsd({ maxLr: 0.1, steps: 100, shape: 'cosine', cycles: 4 }),
  ])('draws $type to its last trough', (plan) => {
    const { lr } = toSchedule(plan);
    const { strokes } = readPicture(renderPolicy(plan));
    const drawn = strokes.find(({ colour, points }) => colour === colours.blue && points.length > 2)!.points;
    const data = Array.from({ length: 401 }, (_, step) => [step, lr(step)] as const);
    expect(stray(drawn, data)).toBeLessThan(0.2);
  });

  it('marks the troughs at their steps', () => {
    const picture = readPicture(renderPolicy(policy));
    const lines = picture.strokes.filter(
      ({ colour, points: [a, b] }) =>
        colour === colours.axis && a![0] === b![0] && Math.abs(a![1] - b![1]) > 100,
    );
    const [first, second] = [...new Set(lines.map(({ points }) => points[0]![0]))].sort((a, b) => a - b);
    const rates = picture.strokes.find(({ colour }) => colour === colours.blue)!.points;
    // ECharts draws lines at whole pixels.
    expect(Math.abs(first! - rates[100]![0])).toBeLessThan(1);
    expect(Math.abs(second! - rates[200]![0])).toBeLessThan(1);
  });

  it('keeps every peak of a policy with more steps than points', () => {
    const long = triangular({ baseLr: 0, maxLr: 1, stepSize: 500 });
    const [top, ...others] = readPicture(renderPolicy(long, { steps: 100_000 }))
      .strokes.find(({ colour }) => colour === colours.blue)!
      .points.map(([, y]) => y)
      .sort((a, b) => a - b);
    // ECharts leaves out corners within a pixel of the previous one.
    expect(others.filter((y) => y - top! < 1).length).toBeGreaterThanOrEqual(99);
  });

  it('draws a run of any length', () => {
    for (const steps of [1_000_000, 10 ** 12]) {
      const picture = readPicture(renderPolicy(policy, { steps }));
      expect(picture.description).toContain('between 0.001 and 0.006');
      expect(picture.strokes.find(({ colour }) => colour === colours.blue)!.points.length).toBeGreaterThan(
        20,
      );
    }
  });

  it('describes the picture in words', () => {
    const { title, description, words } = readPicture(renderPolicy(policy, { title: 'Mine' }));
    expect([title, words.includes('Mine')]).toEqual(['Mine', true]);
    expect(description).toContain('between 0.001 and 0.006');
    expect(description).toContain('first trough is at step 100');
  });

  it('chooses a number of steps that shows the policy', () => {
    expect(readPicture(renderPolicy(constant({ lr: 0.1 }))).description).toContain('over 1,000 steps');
    const once = oneCycle({ maxLr: 0.1, totalSteps: 777 });
    expect(readPicture(renderPolicy(once)).description).toContain('over 777 steps');
  });

  it('gives the same text regardless of earlier drawings', () => {
    const first = renderPolicy(policy);
    renderPolicy(constant({ lr: 1 }));
    expect(renderPolicy(policy)).toBe(first);
  });

  it.each([
    [{ steps: 0 }, 'steps = 0'],
    [{ steps: 1.5 }, 'steps = 1.5'],
    [{ steps: 2 ** 53 }, 'steps = 9007199254740992'],
    [{ steps: '5' as never }, 'steps = "5"'],
    [{ width: 100 }, 'width = 100'],
    [{ width: Number.NaN }, 'width = NaN'],
  ])('refuses %o', (options, received) => {
    expect(() => renderPolicy(policy, options)).toThrow(`Received: ${received}`);
    expect(() => renderPolicy(policy, options)).toThrow('[clr/report] Expected ');
  });
});
