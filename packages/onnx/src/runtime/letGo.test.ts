import { describe, expect, it } from 'vitest';
import { letGo } from './letGo.ts';

describe('letGo', () => {
  it('frees large arrays at once, but neither small ones nor shared memory', () => {
    const [large, small] = [new Float32Array(1 << 17), new Float32Array(16)];
    const shared = new Float32Array(new SharedArrayBuffer(1 << 19));
    for (const array of [large, small, shared]) letGo(array);
    expect(large.length).toBe(0);
    expect(small.length).toBe(16);
    expect(shared.length).toBe(1 << 17);
  });
});
