import { describe, expectTypeOf, it } from 'vitest';
import {
  type ConstantPolicy,
  type CyclePosition,
  constant,
  cyclic,
  type Metrics,
  type Optimizer,
  oneCycle,
  type Policy,
  parsePolicy,
  type Schedule,
  type ScheduleLike,
  sampleSchedule,
  sequence,
  sgd,
  type Trainable,
  type TriangularPolicy,
  toSchedule,
  triangular,
} from './index.ts';

// Checked by tsc (the script `types`); what must not compile is marked so.

const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 5 };

describe('policies', () => {
  it('are told apart by their type', () => {
    expectTypeOf(triangular(bounds)).toEqualTypeOf<TriangularPolicy>();
    expectTypeOf(parsePolicy({})).toEqualTypeOf<Policy>();
    expectTypeOf<Extract<Policy, { type: 'constant' }>>().toEqualTypeOf<ConstantPolicy>();
    expectTypeOf<Policy['type']>().toEqualTypeOf<
      | 'constant'
      | 'cosineRestarts'
      | 'cyclic'
      | 'exp_range'
      | 'oneCycle'
      | 'ramp'
      | 'sequence'
      | 'table'
      | 'triangular'
      | 'triangular2'
    >();
  });

  it('are readonly', () => {
    const policy = constant({ lr: 1 });
    // @ts-expect-error: a policy is frozen
    expect(() => (policy.lr = 2)).toThrow(TypeError);
    const stages = sequence([{ policy }]);
    // @ts-expect-error: and so is everything in it
    expect(() => (stages.stages[0] = { policy })).toThrow(TypeError);
    expectTypeOf<Extract<Policy, { type: 'table' }>['values']>().toEqualTypeOf<readonly number[]>();
  });

  it('take legal options only', () => {
    // @ts-expect-error: a bound is missing
    expect(() => triangular({ baseLr: 0, stepSize: 5 })).toThrow();
    // @ts-expect-error: no such window
    expect(() => triangular({ ...bounds, window: 'hamming' })).toThrow();
    // @ts-expect-error: half of a decay
    expect(() => cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.5 } })).toThrow();
    // @ts-expect-error: an option that is there is not undefined
    expectTypeOf(oneCycle({ maxLr: 1, totalSteps: 5, pctStart: undefined })).not.toBeAny();
  });
});

describe('schedules', () => {
  it('come of policies, schedules, parts of them and functions', () => {
    expectTypeOf(toSchedule).parameter(0).toEqualTypeOf<ScheduleLike>();
    expectTypeOf(toSchedule).returns.toEqualTypeOf<Schedule>();
    expectTypeOf<(step: number) => number>().toExtend<ScheduleLike>();
    expectTypeOf<{ lr(step: number): number }>().toExtend<ScheduleLike>();
    expectTypeOf<Policy>().toExtend<ScheduleLike>();
    expectTypeOf<{ momentum(step: number): number }>().not.toExtend<ScheduleLike>();
  });

  it('say where a step stands', () => {
    const at = toSchedule(constant({ lr: 1 })).at(0);
    expectTypeOf(at).toExtend<CyclePosition>();
    expectTypeOf(at.momentum).toEqualTypeOf<number | undefined>();
    expectTypeOf(sampleSchedule).returns.toEqualTypeOf<Float32Array>();
  });
});

describe('optimizers', () => {
  it('have every default written out', () => {
    expectTypeOf(sgd().momentum).toEqualTypeOf<number>();
    expectTypeOf(sgd().velocity).toEqualTypeOf<'gradient' | 'update'>();
    expectTypeOf<Optimizer['type']>().toEqualTypeOf<'adagrad' | 'adam' | 'adamW' | 'rmsProp' | 'sgd'>();
  });
});

describe('a trainable', () => {
  it('is typed by its batch', () => {
    expectTypeOf<Parameters<Trainable<string>['trainStep']>[0]>().toEqualTypeOf<string>();
    expectTypeOf<ReturnType<Trainable<string>['evaluate']>>().toEqualTypeOf<Promise<Metrics>>();
  });
});
