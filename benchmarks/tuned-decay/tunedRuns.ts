import { analyzeRangeTest, constant, decay, oneCycle, type Policy, rangeTest, updateKindOf } from '@clr/core';
import { pack, unpack } from '../range-test/store.ts';
import { type Setting, seeds } from './settings.ts';
import { addRun, type Line, type LineOf, ofKind, readRuns, type Shape } from './store.ts';
import type { Task } from './task.ts';
import { trainUnder } from './trainUnder.ts';

/**
 * Opens a seed's task. It is called only when a run is missing, because most runs exist already when the script
 * resumes.
 */
export type TaskOf = (seed: number) => Promise<Task>;

/**
 * The steps of the first range test by a former rule of autoClr: a tenth of a long budget, otherwise 200. If the result
 * of this test is in doubt, a second test of 400 steps follows.
 */
export const testSteps = (budget: number): number => Math.max(200, budget > 4000 ? budget / 10 : 200);

/** The edge that is assumed if no sweep shows one. The grid starts around a quarter of it, and grows where needed. */
const usualEdge = { sgd: 0.4, momentum: 0.04, adaptive: 0.01 } as const;

const policies: Readonly<Record<Shape, (peak: number, steps: number) => Policy>> = {
  linear: (maxLr, steps) => decay({ maxLr, steps }),
  cosine: (maxLr, steps) => decay({ maxLr, steps, shape: 'cosine' }),
  rex: (maxLr, steps) => decay({ maxLr, steps, shape: 'rex' }),
  oneCycle: (maxLr, totalSteps) => oneCycle({ maxLr, totalSteps }),
  constant: (lr) => constant({ lr }),
};

/** Records missing range tests: three lengths, and one of 400 steps if the result of 200 steps is in doubt. */
export async function runRangeTests(setting: Setting, taskOf: TaskOf): Promise<void> {
  for (const seed of seeds) {
    const stored = (): LineOf<'rangeTest'>[] =>
      ofKind(readRuns(setting.name), 'rangeTest').filter((line) => line.seed === seed);
    const run = async (steps: number): Promise<void> => {
      if (stored().some((line) => line.steps === steps)) return;
      const { trainer, batches } = await taskOf(seed);
      const trace = await rangeTest(trainer, () => batches(100 * seed), { steps });
      addRun(setting.name, { kind: 'rangeTest', seed, steps, ...pack(trace) });
    };
    const usual = testSteps(setting.budget);
    for (const steps of [100, 150, usual]) await run(steps);
    const { suggestion } = analyzeRangeTest(unpack(stored().find(({ steps }) => steps === usual)!));
    if (usual === 200 && !((suggestion?.certainty ?? 0) >= 0.5)) await run(400);
  }
}

const tuned = (lines: readonly Line[], shape: Shape): LineOf<'tuned'>[] =>
  ofKind(lines, 'tuned').filter((line) => line.shape === shape);

/**
 * The peaks from which a shape of decay was trained with all seeds, in rising order, with the mean accuracies over the
 * seeds.
 */
export function grid(
  lines: readonly Line[],
  shape: Shape,
): { readonly peak: number; readonly validation: number; readonly test: readonly number[] }[] {
  const runs = tuned(lines, shape);
  const peaks = [...new Set(runs.map(({ peak }) => peak))].sort((a, b) => a - b);
  return peaks.flatMap((peak) => {
    const here = seeds.flatMap((seed) => runs.find((run) => run.peak === peak && run.seed === seed) ?? []);
    if (here.length < seeds.length) return [];
    const validation = here.reduce((sum, run) => sum + run.validation, 0) / here.length;
    return [{ peak, validation, test: here.map(({ test }) => test) }];
  });
}

/** The peak with the best validation accuracy. */
export const best = <Point extends { readonly validation: number }>(points: readonly Point[]): Point =>
  points.reduce((a, b) => (b.validation > a.validation ? b : a));

async function runPeaks(
  setting: Setting,
  shape: Shape,
  peaks: readonly number[],
  taskOf: TaskOf,
): Promise<void> {
  for (const peak of peaks) {
    for (const seed of seeds) {
      const done = tuned(readRuns(setting.name), shape).some((run) => run.seed === seed && run.peak === peak);
      if (done) continue;
      const policy = policies[shape](peak, setting.budget);
      addRun(setting.name, {
        kind: 'tuned',
        seed,
        shape,
        peak,
        ...(await trainUnder(await taskOf(seed), policy, setting.budget)),
      });
    }
  }
}

/** The minimum number of peaks trained on each side of the best. */
const beside = 2;

/**
 * Trains linear decays from peaks a factor of 2 apart: five peaks around a quarter of the edge, then more until the
 * best peak lies inside the grid.
 */
export async function tuneLinear(setting: Setting, taskOf: TaskOf): Promise<void> {
  const kind = updateKindOf(setting.optimizer);
  const edges = ofKind(readRuns(setting.name), 'rangeTest').flatMap(
    (line) => analyzeRangeTest(unpack(line)).edgeLr ?? [],
  );
  const logs = edges.length > 0 ? edges.map(Math.log2) : [Math.log2(usualEdge[kind])];
  const centre = Math.round(logs.reduce((sum, log) => sum + log, 0) / logs.length) - 2;
  const run = (power: number): Promise<void> => runPeaks(setting, 'linear', [2 ** power], taskOf);
  for (const away of [0, -1, 1, -2, 2]) await run(centre + away);
  for (let more = 0; more < 8; more++) {
    const points = grid(readRuns(setting.name), 'linear');
    const at = points.indexOf(best(points));
    if (at < beside) await run(Math.log2(points[0]!.peak) - 1);
    else if (at >= points.length - beside) await run(Math.log2(points.at(-1)!.peak) + 1);
    else break;
  }
}

/** Trains the other shapes at the three peaks around the best one of a linear decay. */
export async function tuneShapes(setting: Setting, taskOf: TaskOf): Promise<void> {
  const { peak } = best(grid(readRuns(setting.name), 'linear'));
  for (const shape of ['cosine', 'rex', 'oneCycle'] as const) {
    await runPeaks(setting, shape, [peak / 2, peak, 2 * peak], taskOf);
  }
}

/** Trains constant rates from the best peak of a linear decay downwards, until two lie below the best one. */
export async function tuneConstants(setting: Setting, taskOf: TaskOf): Promise<void> {
  const { peak } = best(grid(readRuns(setting.name), 'linear'));
  for (let power = 0; power > -9; power--) {
    await runPeaks(setting, 'constant', [peak * 2 ** power], taskOf);
    const points = grid(readRuns(setting.name), 'constant');
    if (points.indexOf(best(points)) >= beside) break;
  }
}
