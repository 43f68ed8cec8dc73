import { autoClr } from '@clr/core';
import { type Setting, seeds } from './settings.ts';
import { addRun, ofKind, readRuns } from './store.ts';
import { judge, orderOf } from './trainUnder.ts';
import type { TaskOf } from './tunedRuns.ts';

/**
 * Runs `autoClr` from start to end at its defaults. The steps of the range test count in the budget. Scores the
 * resulting model.
 */
export async function runAuto(setting: Setting, taskOf: TaskOf): Promise<void> {
  for (const seed of seeds) {
    if (ofKind(readRuns(setting.name), 'auto').some((run) => run.seed === seed)) continue;
    const task = await taskOf(seed);
    const { trainer, epoch, stepsPerEpoch, validation } = task;
    const snapshot = await trainer.snapshot();
    const { finding, run, cost } = await autoClr(trainer, (index) => epoch(orderOf(seed), index), {
      steps: setting.budget,
      stepsPerEpoch,
      validation,
    });
    const { maxLr = null, confidence = null } = finding.suggestion ?? {};
    const paid = cost.rangeTest + cost.verdict;
    const outcome = run ? await judge(task) : {};
    addRun(setting.name, { kind: 'auto', seed, maxLr, confidence, paid, trained: cost.training, ...outcome });
    await trainer.restore(snapshot);
  }
}
