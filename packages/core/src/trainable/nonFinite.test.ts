import { describe, expect, it } from 'vitest';
import { nonFinite } from './nonFinite.ts';

describe('nonFinite', () => {
  it('counts NaN and infinite numbers in plain data and typed arrays of floats, at any depth', () => {
    const state = {
      rate: Number.NaN,
      layers: [{ w: Float32Array.of(1, Number.NaN, -Infinity) }, Float64Array.of(Infinity, 0)],
      seeds: Uint32Array.of(1),
      names: ['NaN'],
      more: [Infinity, null, undefined, 7n],
    };
    expect(nonFinite(state)).toEqual({ nan: 2, infinite: 3 });
    expect(nonFinite(Float32Array.of(1))).toEqual({ nan: 0, infinite: 0 });
  });

  it('terminates on circular and deep data, and ignores other objects', () => {
    const circle: Record<string, unknown> = { nan: Number.NaN };
    circle.self = [circle, circle];
    let deep: unknown = Number.NaN;
    for (let level = 0; level < 1e5; level++) deep = [deep];
    const other = new (class {
      get nan(): number {
        throw new Error('read');
      }
    })();
    expect(nonFinite([circle, deep, other])).toEqual({ nan: 2, infinite: 0 });
  });
});
