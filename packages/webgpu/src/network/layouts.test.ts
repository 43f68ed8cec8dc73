import { describe, expect, it } from 'vitest';
import { hwcFromChw, hwioFromOihw, inOutFromOutIn } from './layouts.ts';

describe('a layout', () => {
  const six = [1, 2, 3, 4, 5, 6];

  it('is refused if its sizes do not fit the numbers', () => {
    expect(() => hwioFromOihw([1, 2, 3], [2, 3, 1, 1])).toThrow('Received: 3 numbers');
    expect(() => hwioFromOihw(six, [2, 3] as never)).toThrow('Received: 6 numbers');
    expect(() => inOutFromOutIn([1, 2, 3, 4, 5], [2, 3])).toThrow('Received: 5 numbers');
    expect(() => inOutFromOutIn(six, [2, 3], [2, 2, 2])).toThrow('product is 3');
    expect(() => hwcFromChw([1, 2, 3, 4, 5], [2, 1, 2])).toThrow('whole examples of 4 numbers');
  });

  it('of several examples is converted example by example', () => {
    expect([...hwcFromChw([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2])]).toEqual([1, 3, 2, 4, 5, 7, 6, 8]);
  });
});
