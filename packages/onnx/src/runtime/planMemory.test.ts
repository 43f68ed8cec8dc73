import { describe, expect, it } from 'vitest';
import type { TrainingModel } from '../training/trainingModel.ts';
import { planMemory } from './planMemory.ts';

type Model = Pick<TrainingModel, 'elements' | 'data'>;
const [small, large] = [1000, 1 << 16].map((elements) => ({ elements, data: [] })) as unknown as [
  Model,
  Model,
];
/** 64 examples with 1000 elements each. */
const batch: Model = { elements: 64_000, data: [{ name: 'x', type: 'float32', dims: [64, 3] }] };

describe('planning memory', () => {
  it('is left to ONNX Runtime for small models and other providers', () => {
    expect(planMemory({}, small)).toEqual({});
    expect(planMemory({}, { ...batch, elements: 1 << 19 })).toEqual({});
    const cuda = { executionProviders: ['cuda', 'cpu'] };
    expect(planMemory(cuda, large)).toEqual(cuda);
  });

  it('is switched off for large models, unless the caller has chosen', () => {
    expect(planMemory({}, large)).toEqual({ enableMemPattern: false });
    expect(planMemory({}, { ...batch, elements: 1 << 26 })).toEqual({ enableMemPattern: false });
    expect(planMemory({ executionProviders: ['wasm'] }, large)).toMatchObject({ enableMemPattern: false });
    expect(planMemory({ enableMemPattern: true }, large)).toEqual({ enableMemPattern: true });
  });
});
