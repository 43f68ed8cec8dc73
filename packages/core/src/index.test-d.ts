import { describe, expectTypeOf, it } from 'vitest';
import {
  type ConstantPolicy,
  type CyclePosition,
  checkHyperparameters,
  constant,
  cyclic,
  type DecayPolicy,
  decay,
  isPolicy,
  type Metrics,
  meanMetrics,
  type Optimizer,
  oneCycle,
  type Policy,
  parsePolicy,
  parseRun,
  parseTrace,
  peakFor,
  type RangeTestTrace,
  type Schedule,
  type ScheduleLike,
  sampleSchedule,
  sequence,
  sgd,
  type Trainable,
  type TrainingRun,
  type TriangularPolicy,
  toSchedule,
  triangular,
  type WsdPolicy,
  wsd,
} from './index.ts';

// Checked by tsc (the script `types`). Lines that must not compile are marked.

const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 5 };

describe('policies', () => {
  it('are distinguished by their type', () => {
    expectTypeOf(triangular(bounds)).toEqualTypeOf<TriangularPolicy>();
    expectTypeOf(parsePolicy({})).toEqualTypeOf<Policy>();
    expectTypeOf<Extract<Policy, { type: 'constant' }>>().toEqualTypeOf<ConstantPolicy>();
    expectTypeOf<Policy['type']>().toEqualTypeOf<
      | 'constant'
      | 'cosineRestarts'
      | 'cyclic'
      | 'decay'
      | 'exp_range'
      | 'oneCycle'
      | 'ramp'
      | 'sequence'
      | 'table'
      | 'triangular'
      | 'triangular2'
      | 'wsd'
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

  it('take only legal options', () => {
    // @ts-expect-error: a bound is missing
    expect(() => triangular({ baseLr: 0, stepSize: 5 })).toThrow();
    // @ts-expect-error: there is no such window
    expect(() => triangular({ ...bounds, window: 'hamming' })).toThrow();
    // @ts-expect-error: a geometric decay needs `per` and `of` too
    expect(() => cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.5 } })).toThrow();
    // @ts-expect-error: there is no such shape
    expect(() => decay({ maxLr: 1, steps: 5, shape: 'exponential' })).toThrow();
    // @ts-expect-error: a polynomial needs its power
    expect(() => wsd({ maxLr: 1, steps: 5, shape: {} })).toThrow();
    const planned = peakFor(decay({ maxLr: 1, steps: 5 }), { fixedLr: 1, steps: 5 });
    expectTypeOf(planned).toEqualTypeOf<DecayPolicy>();
    // @ts-expect-error: the number of steps is missing
    expect(() => peakFor(constant({ lr: 1 }), { fixedLr: 1 })).toThrow();
    expectTypeOf(wsd({ maxLr: 1, steps: 5, shape: { power: 2 } })).toEqualTypeOf<WsdPolicy>();
    // @ts-expect-error: an option may be left out, but not set to undefined
    expectTypeOf(oneCycle({ maxLr: 1, totalSteps: 5, pctStart: undefined })).not.toBeAny();
  });
});

describe('schedules', () => {
  it('are made from policies, schedules, partial schedules and functions', () => {
    expectTypeOf(toSchedule).parameter(0).toEqualTypeOf<ScheduleLike>();
    expectTypeOf(toSchedule).returns.toEqualTypeOf<Schedule>();
    expectTypeOf<(step: number) => number>().toExtend<ScheduleLike>();
    expectTypeOf<{ lr(step: number): number }>().toExtend<ScheduleLike>();
    expectTypeOf<Policy>().toExtend<ScheduleLike>();
    expectTypeOf<{ momentum(step: number): number }>().not.toExtend<ScheduleLike>();
  });

  it('report the position of a step', () => {
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

describe('data from elsewhere', () => {
  it('is parsed into a type, or narrowed to one', () => {
    const unknown: unknown = { type: 'constant', lr: 1 };
    expectTypeOf(parseTrace).toEqualTypeOf<(value: unknown, name?: string) => RangeTestTrace>();
    expectTypeOf(parseRun).toEqualTypeOf<(value: unknown, name?: string) => TrainingRun>();
    if (isPolicy(unknown)) expectTypeOf(unknown).toEqualTypeOf<Policy>();
  });
});

describe('functions for adapters', () => {
  it('takes hyperparameters and a kind of update', () => {
    expectTypeOf(checkHyperparameters({ lr: 0.1 }, 'sgd')).toEqualTypeOf<void>();
    expectTypeOf(meanMetrics([1], (loss) => ({ examples: 1, loss }))).toEqualTypeOf<Promise<Metrics>>();
    // @ts-expect-error: there is no such kind
    expect(() => checkHyperparameters({ lr: 0.1 }, 'adam')).not.toThrow();
    // @ts-expect-error: the number of examples is missing
    void meanMetrics([], () => ({ loss: 1 }));
  });
});
