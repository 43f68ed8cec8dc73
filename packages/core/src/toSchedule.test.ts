import { describe, expect, it } from 'vitest';
import {
  constant,
  cosineRestarts,
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
  it('accepts a function of the rate alone: one endless cycle, and no momentum', () => {
    const schedule = toSchedule((step) => 1 / (step + 1));
    expect(schedule.at(3)).toEqual({ lr: 0.25, momentum: undefined, cycle: 0, phase: 0, cycleEnd: Infinity });
    expect(schedule.momentum(3)).toBeUndefined();
  });

  it('accepts a partial custom schedule', () => {
    const position = { cycle: 1, phase: 0.5, cycleEnd: 20 };
    const schedule = toSchedule({ lr: () => 0.1, momentum: () => 0.9, position: () => position });
    expect(schedule.at(15)).toEqual({ lr: 0.1, momentum: 0.9, ...position });
  });

  it('accepts an instance of a class, and calls its methods on it', () => {
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

  it('accepts an instance that is a complete schedule, and calls its methods on it', () => {
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

  it('returns a schedule unchanged', () => {
    const schedule = toSchedule(policy);
    expect(toSchedule(schedule)).toBe(schedule);
  });

  it('returns functions that do not use `this`', () => {
    const { lr, momentum, at } = toSchedule(policy);
    expect([lr(2000), momentum(2000), at(2000).lr]).toEqual([0.006, undefined, 0.006]);
  });

  it('refuses other objects that have a method `at`', () => {
    for (const source of ['triangular', []]) {
      expect(() => toSchedule(source as never)).toThrow('Expected policy to be an object with a type');
    }
    expect(() => toSchedule(new Float32Array(3) as never)).toThrow('Expected type to be one of');
  });
});

describe('a custom schedule', () => {
  it.each([-0.1, Number.NaN, Infinity, 1e39, '0.1', undefined, null])(
    'is refused for the rate %s, with the step',
    (rate) => {
      const schedule = toSchedule((step) => (step < 3 ? 0.1 : (rate as number)));
      expect(schedule.at(2).lr).toBe(0.1);
      for (const ask of [schedule.lr, schedule.at]) {
        expect(() => ask(3)).toThrow(/^\[clr\/core\] Expected lr\(3\) to be a .*\n.* lr\(3\) = /);
      }
      expect(() => sampleSchedule(schedule, { steps: 5 })).toThrow('lr(3)');
    },
  );

  it.each([-0.1, 1, 1 - 1e-9, Number.NaN, '0.9', null])('is refused for the momentum %s', (momentum) => {
    const schedule = toSchedule({ lr: () => 0.1, momentum: () => momentum as number });
    expect(() => schedule.momentum(7)).toThrow('momentum(7) = ');
  });

  const position = { cycle: 0, phase: 0, cycleEnd: 10 };
  it.each([
    ['a missing end', { ...position, cycleEnd: undefined }, 'cycleEnd'],
    ['an end of NaN', { ...position, cycleEnd: Number.NaN }, 'cycleEnd'],
    ['an end at the current step', { ...position, cycleEnd: 4 }, 'cycleEnd'],
    ['an end between two steps', { ...position, cycleEnd: 10.5 }, 'cycleEnd'],
    ['a cycle of -1', { ...position, cycle: -1 }, 'cycle'],
    ['a phase of 1', { ...position, phase: 1 }, 'phase'],
    ['an undefined position', undefined, ''],
  ])('is refused for %s in its cycles', (_, bad, field) => {
    const whole = { lr: () => 0.1, momentum: () => undefined, at: () => ({ lr: 0.1, ...bad }) };
    expect(() => fitToCycles({ lr: () => 0.1, position: () => bad as never }, 4)).toThrow('position(4)');
    expect(() => toSchedule(whole as never).at(4)).toThrow(bad ? `at(4).${field}` : 'at(4)');
  });
});

describe('a step', () => {
  const doubling = cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 5, cycleMultiplier: 2 });
  it.each([Infinity, Number.NaN, -1, 0.5, 2 ** 53, '3'])('may not be %s', (step) => {
    for (const source of [policy, doubling, () => 0.1]) {
      const { lr, momentum, at } = toSchedule(source);
      for (const ask of [lr, momentum, at]) expect(() => ask(step as number)).toThrow('Expected step to be');
    }
  });
});

describe('a sequence', () => {
  it('finds the stage of any step among a hundred thousand stages', () => {
    const stages = Array.from({ length: 100_000 }, (_, index) => ({
      policy: constant({ lr: index + 1 }),
      steps: 1 + (index % 3),
    }));
    const { lr, at } = toSchedule(sequence(stages));
    // The stages have 1, 2 and 3 steps in turn, so three stages take six steps.
    const stageAt = (step: number) => 3 * Math.floor(step / 6) + [0, 1, 1, 2, 2, 2][step % 6]!;
    for (const step of [0, 1, 2, 5, 6, 99_999, 123_456, 199_997, 50, 7]) {
      expect(lr(step)).toBe(stageAt(step) + 1);
      expect(at(step).cycle).toBe(stageAt(step));
    }
    expect(at(10 ** 9)).toEqual({
      lr: 100_000,
      momentum: undefined,
      cycle: 100_000,
      phase: 0,
      cycleEnd: Infinity,
    });
  });
});

describe('sampleSchedule', () => {
  it('starts at the given step, also at a very high one', () => {
    const from = 4_000_000_000;
    expect([...sampleSchedule(policy, { from, steps: 3 })]).toEqual(
      [0.001, 0.0010025, 0.001005].map(Math.fround),
    );
  });

  it('refuses to sample no steps, or too many', () => {
    expect(() => sampleSchedule(policy, { steps: 0 })).toThrow('steps = 0');
    expect(() => sampleSchedule(policy, { steps: 2 ** 50 })).toThrow('at most 100000000');
  });
});

describe('fitToCycles', () => {
  it('rounds to the nearest trough, to the earlier one in a tie, and to at least one cycle', () => {
    const budgets = [1, 3999, 4000, 5999, 6000, 6001, 70_000, 71_999];
    expect(budgets.map((budget) => fitToCycles(policy, budget))).toEqual([
      4000, 4000, 4000, 4000, 4000, 8000, 68_000, 72_000,
    ]);
  });

  it('refuses cycles that do not follow each other', () => {
    const position = (step: number) => ({ cycle: Math.floor(step / 10), phase: 0, cycleEnd: step + 7 });
    expect(() => fitToCycles({ lr: () => 0.1, position }, 42)).toThrow(
      'Expected cycles that follow one another',
    );
  });

  it('is fast and correct for a budget of ten billion steps', () => {
    const asymmetric = triangular({ baseLr: 0, maxLr: 1, stepSize: 3, stepSizeDown: 4 });
    expect(fitToCycles(asymmetric, 10_000_000_001)).toBe(Math.round(10_000_000_001 / 7) * 7);
  });

  it('returns the budget if no cycle ends', () => {
    expect(fitToCycles(constant({ lr: 1 }), 123)).toBe(123);
    expect(fitToCycles(() => 0.1, 123)).toBe(123);
  });

  it('accepts any budget in a last stage without cycles', () => {
    const warmup = ramp({ startLr: 0.01, endLr: 0.1, steps: 100, spacing: 'linear' });
    const stages = sequence([{ policy: warmup, steps: 100 }, { policy: constant({ lr: 0.1 }) }]);
    expect(fitToCycles(stages, 1000)).toBe(1000);
    expect(fitToCycles(stages, 90)).toBe(100);
  });
});
