import { describe, expect, it } from 'vitest';
import { adagrad, adam, adamW, rmsProp, sgd } from '../index.ts';

describe('optimizers', () => {
  it('have PyTorch’s defaults', () => {
    expect([sgd(), adam(), adamW(), rmsProp(), adagrad()]).toEqual([
      { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, velocity: 'gradient' },
      { type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      { type: 'adamW', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      { type: 'rmsProp', alpha: 0.99, epsilon: 1e-8, momentum: 0, centered: false, weightDecay: 0 },
      { type: 'adagrad', epsilon: 1e-10, initialAccumulator: 0, weightDecay: 0 },
    ]);
  });

  it('are frozen plain JSON', () => {
    for (const optimizer of [sgd({ momentum: 0.9 }), adam(), adamW(), rmsProp(), adagrad()]) {
      expect(JSON.parse(JSON.stringify(optimizer))).toStrictEqual(optimizer);
      expect(Object.isFrozen(optimizer)).toBe(true);
    }
  });
});
