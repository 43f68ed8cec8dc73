import { describe, expect, it } from 'vitest';
import {
  constant,
  fitToCycles,
  ramp,
  type Schedule,
  sampleSchedule,
  sequence,
  toSchedule,
  triangular,
} from './index.ts';

const policy = triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 });

describe('toSchedule', () => {
  it('takes a rate alone: one cycle without end, momentum left alone', () => {
    const schedule = toSchedule((step) => 1 / (step + 1));
    expect(schedule.at(3)).toEqual({ lr: 0.25, momentum: undefined, cycle: 0, phase: 0, cycleEnd: Infinity });
    expect(schedule.momentum(3)).toBeUndefined();
  });

  it('takes a schedule of one’s own, as much of it as there is', () => {
    const position = { cycle: 1, phase: 0.5, cycleEnd: 20 };
    const schedule = toSchedule({ lr: () => 0.1, momentum: () => 0.9, position: () => position });
    expect(schedule.at(15)).toEqual({ lr: 0.1, momentum: 0.9, ...position });
  });

  it('takes a class, with its this', () => {
    class Inverse {
      readonly #first = 0.5;
      lr(step: number): number {
        return this.#first / (step + 1);
      }
      momentum(): number {
        return this.#first;
      }
    }
    const schedule = toSchedule(new Inverse());
    expect(schedule.at(1)).toMatchObject({ lr: 0.25, momentum: 0.5 });
    expect([...sampleSchedule(new Inverse(), { steps: 2 })]).toEqual([0.5, 0.25]);
  });

  it('takes a class that is a whole schedule, with its this', () => {
    class Whole implements Schedule {
      readonly #rate = 0.5;
      lr(): number {
        return this.#rate;
      }
      momentum(): number {
        return this.#rate;
      }
      at(): ReturnType<Schedule['at']> {
        return { lr: this.#rate, cycle: 0, phase: 0, cycleEnd: 7 };
      }
    }
    expect([...sampleSchedule(new Whole(), { steps: 2 })]).toEqual([0.5, 0.5]);
    expect([...sampleSchedule(new Whole(), { steps: 2, of: 'momentum' })]).toEqual([0.5, 0.5]);
    expect(fitToCycles(new Whole(), 5)).toBe(7);
  });

  it('gives a schedule back as it is', () => {
    const schedule = toSchedule(policy);
    expect(toSchedule(schedule)).toBe(schedule);
  });

  it('gives functions that need no this', () => {
    const { lr, momentum, at } = toSchedule(policy);
    expect([lr(2000), momentum(2000), at(2000).lr]).toEqual([0.006, undefined, 0.006]);
  });

  it('is not fooled by what has an at of its own', () => {
    for (const source of ['triangular', [], new Float32Array(3)]) {
      expect(() => toSchedule(source as never)).toThrow('Expected type to be one of');
    }
  });
});

describe('sampleSchedule', () => {
  it('starts where it is told, also far out', () => {
    const from = 4_000_000_000;
    expect([...sampleSchedule(policy, { from, steps: 3 })]).toEqual(
      [0.001, 0.0010025, 0.001005].map(Math.fround),
    );
  });

  it('refuses a table without steps', () => {
    expect(() => sampleSchedule(policy, { steps: 0 })).toThrow('steps = 0');
  });
});

describe('fitToCycles', () => {
  it('rounds to the nearest trough, the shorter of two equally near, at least one cycle', () => {
    const budgets = [1, 3999, 4000, 5999, 6000, 6001, 70_000, 71_999];
    expect(budgets.map((budget) => fitToCycles(policy, budget))).toEqual([
      4000, 4000, 4000, 4000, 4000, 8000, 68_000, 72_000,
    ]);
  });

  it('is quick and right for a budget of ten billion steps', () => {
    const asymmetric = triangular({ baseLr: 0, maxLr: 1, stepSize: 3, stepSizeDown: 4 });
    expect(fitToCycles(asymmetric, 10_000_000_001)).toBe(Math.round(10_000_000_001 / 7) * 7);
  });

  it('gives the budget back where no cycle ends', () => {
    expect(fitToCycles(constant({ lr: 1 }), 123)).toBe(123);
    expect(fitToCycles(() => 0.1, 123)).toBe(123);
  });

  it('takes any budget in a last stage without cycles', () => {
    const warmup = ramp({ startLr: 0.01, endLr: 0.1, steps: 100, spacing: 'linear' });
    const stages = sequence([{ policy: warmup, steps: 100 }, { policy: constant({ lr: 0.1 }) }]);
    expect(fitToCycles(stages, 1000)).toBe(1000);
    expect(fitToCycles(stages, 90)).toBe(100);
  });
});
