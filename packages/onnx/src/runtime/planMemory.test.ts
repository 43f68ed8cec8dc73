import { describe, expect, it } from 'vitest';
import { planMemory } from './planMemory.ts';

const [small, large] = [{ elements: 1000 }, { elements: 1 << 22 }];

describe('planning memory', () => {
  it('is left to ONNX Runtime for small models and other providers', () => {
    expect(planMemory({}, small)).toEqual({});
    const cuda = { executionProviders: ['cuda', 'cpu'] };
    expect(planMemory(cuda, large)).toEqual(cuda);
  });

  it('is switched off for large models, unless the caller chose', () => {
    expect(planMemory({}, large)).toEqual({ enableMemPattern: false });
    expect(planMemory({ executionProviders: ['wasm'] }, large)).toMatchObject({ enableMemPattern: false });
    expect(planMemory({ enableMemPattern: true }, large)).toEqual({ enableMemPattern: true });
  });
});
