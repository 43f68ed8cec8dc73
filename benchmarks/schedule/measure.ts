import { sampleSchedule, toSchedule } from '@clr/core';
import type { Case } from './cases.ts';

/** Medians over the rounds, in nanoseconds per value. Rounds are short, so that few of them are interrupted. */
export interface Measured {
  readonly lr: number;
  readonly byHand: number;
  readonly sample: number;
  readonly sampleByHand: number;
}

const steps = 20_000;
const rounds = 500;

/**
 * Times one policy and its handwritten equivalent in turns. Several policies in one process would affect each other's
 * optimised code.
 */
export function measure({ policy, byHand }: Case): Measured {
  const schedule = toSchedule(policy);
  const table = new Float32Array(steps);
  const runs: Readonly<Record<keyof Measured, () => number>> = {
    lr() {
      let sum = 0;
      for (let step = 0; step < steps; step++) sum += schedule.lr(step);
      return sum;
    },
    byHand() {
      let sum = 0;
      for (let step = 0; step < steps; step++) sum += byHand(step);
      return sum;
    },
    sample: () => sampleSchedule(policy, { steps })[steps - 1]!,
    sampleByHand() {
      for (let step = 0; step < steps; step++) table[step] = byHand(step);
      return table[steps - 1]!;
    },
  };
  agree(runs.lr(), runs.byHand());
  agree(runs.sample(), runs.sampleByHand());
  const times: Record<keyof Measured, number[]> = { lr: [], byHand: [], sample: [], sampleByHand: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(times) as (keyof Measured)[]) {
      const start = performance.now();
      runs[name]();
      times[name].push(((performance.now() - start) * 1e6) / steps);
    }
  }
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
  return {
    lr: median(times.lr),
    byHand: median(times.byHand),
    sample: median(times.sample),
    sampleByHand: median(times.sampleByHand),
  };
}

/** Throws if the policy and its handwritten equivalent have computed different results. */
function agree(ours: number, byHand: number): void {
  if (Math.abs(ours - byHand) > 1e-6 * Math.abs(byHand))
    throw new Error(
      `Expected clr and the handwritten loop to give the same sum. Received: ${ours} and ${byHand}.`,
    );
}
