import { expect, it } from 'vitest';
import { adagrad } from './adagrad.ts';
import { adam, adamW } from './adam.ts';
import { rmsProp } from './rmsProp.ts';
import { sgd } from './sgd.ts';
import { updateDirection } from './updateDirection.ts';

const gradient = Float64Array.of(2);
const square = Float64Array.of(9);
const mean = Float64Array.of(1);

it.each([
  [sgd({ momentum: 0.9, weightDecay: 0.1 }), 2],
  [adam({ beta2: 0.5, epsilon: 1 }), 2 / (Math.sqrt((0.5 * 9 + 0.5 * 4) / (1 - 0.5 ** 4)) + 1)],
  [adamW({ beta2: 0.5, epsilon: 1 }), 2 / (Math.sqrt((0.5 * 9 + 0.5 * 4) / (1 - 0.5 ** 4)) + 1)],
  [rmsProp({ alpha: 0.75, epsilon: 1 }), 2 / (Math.sqrt(0.75 * 9 + 0.25 * 4) + 1)],
  [rmsProp({ alpha: 0.75, epsilon: 1, momentum: 0.8 }), (5 * 2) / (Math.sqrt(0.75 * 9 + 0.25 * 4) + 1)],
  [adagrad({ epsilon: 1 }), 2 / (Math.sqrt(9 + 4) + 1)],
])('gives the direction of %o', (optimizer, wanted) => {
  const [found] = updateDirection(optimizer, { gradient, square, step: 3 });
  expect(found).toBeCloseTo(wanted, 12);
});

it('subtracts the square of the mean for a centered RMSProp', () => {
  const optimizer = rmsProp({ alpha: 0.75, epsilon: 1, centered: true });
  const [found] = updateDirection(optimizer, { gradient, square, mean, step: 3 });
  const centre = 0.75 * 1 + 0.25 * 2;
  expect(found).toBeCloseTo(2 / (Math.sqrt(0.75 * 9 + 0.25 * 4 - centre ** 2) + 1), 12);
});
