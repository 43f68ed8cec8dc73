import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adagrad, adam, adamW, PolicyError, rmsProp, sgd, takesMomentum } from '../index.ts';
import { checkHyperparameters } from './checkHyperparameters.ts';

const refused = (hyper: unknown, ...rest: readonly never[]): unknown => {
  try {
    checkHyperparameters(hyper as never, ...rest);
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    return (error as PolicyError).field;
  }
  return undefined;
};

describe('checkHyperparameters', () => {
  it.each([-1, -1e-30, Number.NaN, Infinity, -Infinity, 1e39, '0.1', null, undefined, 1n])(
    'refuses lr = %s',
    (lr) => {
      expect(refused({ lr })).toBe('lr');
    },
  );

  it('reports a rate that is too large for float32', () => {
    expect(() => checkHyperparameters({ lr: 1e39 })).toThrow(/lr = 1e\+39\n.*float32/);
  });

  it.each([-0.1, 1, 5, 1 - 1e-9, Number.NaN, Infinity, '0.9', null])('refuses momentum = %s', (momentum) => {
    expect(refused({ lr: 0.1, momentum })).toBe('momentum');
  });

  it('refuses a value that is not an object', () => {
    for (const hyper of [undefined, null, 0.1]) expect(refused(hyper)).toBe('lr');
  });

  it('accepts every rate and momentum that is valid in float32', () => {
    const rate = fc.float({ min: 0, max: Math.fround(3.4e38), noNaN: true });
    const momentum = fc.option(fc.double({ min: 0, max: 1 - 2 ** -24, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(rate, momentum, (lr, momentum) => {
        checkHyperparameters(momentum === undefined ? { lr } : { lr, momentum }, 'momentum');
      }),
    );
  });

  it('accepts a momentum if there is a velocity, and always accepts 0', () => {
    const hyper = { lr: 0.1, momentum: 0.9 };
    for (const kind of ['sgd', 'rmsProp']) expect(refused(hyper, kind as never)).toBe('momentum');
    expect(refused(hyper, 'adaptive' as never, false as never)).toBe('momentum');
    for (const rest of [[], ['momentum'], ['adaptive'], ['sgd', true]] as never[][]) {
      expect(refused(hyper, ...rest)).toBeUndefined();
    }
    expect(refused({ lr: 0.1, momentum: 0 }, 'sgd' as never)).toBeUndefined();
  });
});

describe('takesMomentum', () => {
  it('knows which optimizers have a momentum', () => {
    const momentum = 0.9;
    for (const yes of [sgd({ momentum }), rmsProp({ momentum }), adam(), adamW()])
      expect(takesMomentum(yes)).toBe(true);
    for (const no of [sgd(), rmsProp(), adagrad()]) expect(takesMomentum(no)).toBe(false);
  });
});
