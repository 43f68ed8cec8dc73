import { readFileSync } from 'node:fs';
import { type Optimizer, type Policy, parsePolicy, toSchedule } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { updateOf } from './updates.ts';

interface ScheduleCase {
  readonly policy: Policy;
  readonly steps: readonly number[];
  readonly lr: readonly number[];
  readonly momentum?: readonly number[];
}

interface OptimizerCase {
  readonly optimizer: Optimizer;
  readonly policy: Policy;
  /** The weights after each step. */
  readonly weights: readonly (readonly number[])[];
}

interface Problem {
  readonly matrix: readonly (readonly number[])[];
  readonly centre: readonly number[];
  readonly start: readonly number[];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8')) as T;
}

describe('golden schedules', () => {
  const { torch, cases } = read<{ torch: string; cases: ScheduleCase[] }>('schedules.json');

  it('say which version of PyTorch they are from', () => expect(torch).toMatch(/^\d+\.\d+/));

  it.each(cases.map((each) => [each.policy.type, each] as const))(
    'agree with core: %s',
    (_, { policy, steps, lr, momentum }) => {
      const schedule = toSchedule(parsePolicy(policy));
      const scale = Math.max(...lr);
      for (const [index, step] of steps.entries()) {
        expect(Math.abs(schedule.lr(step) - lr[index]!) / scale).toBeLessThan(1e-12);
        if (momentum) expect(schedule.momentum(step)).toBeCloseTo(momentum[index]!, 12);
        else expect(schedule.momentum(step)).toBeUndefined();
      }
    },
  );
});

describe('golden optimizers', () => {
  const { problem, cases } = read<{ problem: Problem; cases: OptimizerCase[] }>('optimizers.json');
  const { matrix, centre, start } = problem;

  it.each(cases.map((each) => [each.optimizer.type, each] as const))(
    'agree with the formulas in the documentation of core: %s',
    (_, { optimizer, policy, weights }) => {
      const schedule = toSchedule(policy);
      const updates = start.map(() => updateOf(optimizer));
      let now = start;
      for (const [step, wanted] of weights.entries()) {
        const gradient = matrix.map((row) =>
          row.reduce((sum, a, at) => sum + a * (now[at]! - centre[at]!), 0),
        );
        const momentum = schedule.momentum(step);
        now = now.map((w, at) => updates[at]!(w, gradient[at]!, schedule.lr(step), momentum));
        for (const [at, w] of now.entries()) expect(w).toBeCloseTo(wanted[at]!, 13);
      }
    },
  );
});
