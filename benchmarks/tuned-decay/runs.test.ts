import { expect, test } from 'vitest';
import { seeds, settings } from './settings.ts';
import { ofKind, readRuns } from './store.ts';
import { best, grid } from './tunedRuns.ts';

test('no unseen setting shares its net with another part', () => {
  const netsOf = (unseen: boolean) =>
    new Set(settings.flatMap((one) => ((one.part === 'unseen') === unseen ? one.net : [])));
  expect([...netsOf(true)].filter((net) => netsOf(false).has(net))).toEqual([]);
  expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length);
});

const measured = settings.filter(({ name }) => readRuns(name).length > 0);

test.each(measured.map(({ name }) => name))('%s has its best peak inside the grid', (name) => {
  const lines = readRuns(name);
  const points = grid(lines, 'linear');
  const at = points.indexOf(best(points));
  expect(Math.min(at, points.length - 1 - at)).toBeGreaterThanOrEqual(2);
  for (const [i, { peak }] of points.entries()) expect(peak).toBe(points[0]!.peak * 2 ** i);
  for (const seed of seeds) expect(ofKind(lines, 'rangeTest').some((line) => line.seed === seed)).toBe(true);
});
