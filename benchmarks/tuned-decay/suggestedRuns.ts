import {
  analyzeRangeTest,
  decay,
  oneCycle,
  type Policy,
  planCycles,
  type RangeTestFinding,
  wsd,
} from '@clr/core';
import { unpack } from '../range-test/store.ts';
import { type Setting, seeds } from './settings.ts';
import { addRun, type Line, ofKind, readRuns } from './store.ts';
import { trainUnder } from './trainUnder.ts';
import { type TaskOf, testSteps } from './tunedRuns.ts';

/** A range test's finding, and its number of steps. */
export interface Found {
  readonly finding: RangeTestFinding;
  readonly paid: number;
}

/**
 * The finding of a seed's stored range tests. As in an earlier version of autoClr, a longer test follows if the result
 * of the first is in doubt.
 */
export function found(lines: readonly Line[], seed: number, budget: number, first?: number): Found {
  const tests = ofKind(lines, 'rangeTest').filter((line) => line.seed === seed);
  const find = (steps: number): Found => {
    const trace = unpack(tests.find((test) => test.steps === steps)!);
    const paid = trace.points.length + (trace.coarse?.length ?? 0);
    return { finding: analyzeRangeTest(trace, { steps: budget }), paid };
  };
  const usual = find(first ?? testSteps(budget));
  const longer = tests.some(({ steps }) => steps === 400) && testSteps(budget) === 200 && !first;
  if (!longer || (usual.finding.suggestion?.certainty ?? 0) >= 0.5) return usual;
  const again = find(400);
  return { ...again, paid: usual.paid + again.paid };
}

/** The plans that may follow a range test, each on the remaining steps. */
export const plans: Readonly<Record<string, (maxLr: number, steps: number) => Policy>> = {
  linear: (maxLr, steps) => decay({ maxLr, steps }),
  cosine: (maxLr, steps) => decay({ maxLr, steps, shape: 'cosine' }),
  wsd: (maxLr, steps) => wsd({ maxLr, steps }),
  oneCycle: (maxLr, totalSteps) => oneCycle({ maxLr, totalSteps }),
  cycles: (maxLr, steps) => planCycles({ baseLr: maxLr / 6, maxLr, steps }).policy,
};

/** Rounds a rate to three digits, so that the stored run with this rate is found again. */
export const shortened = (lr: number): number => Number(lr.toPrecision(3));

export async function runSuggested(setting: Setting, taskOf: TaskOf): Promise<void> {
  for (const seed of seeds) {
    const { finding, paid } = found(readRuns(setting.name), seed, setting.budget);
    if (!finding.suggestion) continue;
    const maxLr = shortened(finding.suggestion.maxLr);
    for (const [plan, policyOf] of Object.entries(plans)) {
      if (setting.part === 'long' && plan !== 'linear' && plan !== 'cycles') continue;
      const done = ofKind(readRuns(setting.name), 'suggested').some(
        (run) => run.seed === seed && run.plan === plan && run.maxLr === maxLr && run.paid === paid,
      );
      if (done) continue;
      const steps = setting.budget - paid;
      const outcome = await trainUnder(await taskOf(seed), policyOf(maxLr, steps), steps);
      addRun(setting.name, { kind: 'suggested', seed, plan, maxLr, paid, ...outcome });
    }
  }
}
