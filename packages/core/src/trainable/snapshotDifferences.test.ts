import { describe, expect, it } from 'vitest';
import { type StateDescription, snapshotDifferences } from './snapshotDifferences.ts';

const model: StateDescription = {
  adapter: 'mine',
  optimizer: 'adam',
  tensors: [
    { name: 'a/kernel', dtype: 'float32', shape: [2, 3] },
    { name: 'b/kernel', dtype: 'float32', shape: [2, 3] },
  ],
  topology: ['a Dense', 'b Dense < a'],
};

describe('snapshotDifferences', () => {
  it('finds no difference in the same state, whatever the order of its tensors', () => {
    expect(snapshotDifferences(model, model)).toEqual([]);
    expect(snapshotDifferences(model, { ...model, tensors: [...model.tensors].reverse() })).toEqual([]);
  });

  it('does not compare layers if one side does not describe them', () => {
    const { topology: _, ...without } = model;
    expect(snapshotDifferences(model, without)).toEqual([]);
  });

  it.each<[string, Partial<StateDescription>, string[]]>([
    [
      'a different adapter',
      { adapter: 'webgpu' },
      ['it is a snapshot of webgpu, and the model belongs to mine'],
    ],
    ['a different optimizer', { optimizer: 'sgd' }, ["its optimizer is sgd, and the model's adam"]],
    [
      'a renamed tensor',
      { tensors: [{ ...model.tensors[0]!, name: 'c/kernel' }, model.tensors[1]!] },
      ['a/kernel is missing', 'c/kernel is not in the model'],
    ],
    [
      'a different shape',
      { tensors: [{ ...model.tensors[0]!, shape: [3, 2] }, model.tensors[1]!] },
      ['a/kernel is float32[3, 2], and in the model float32[2, 3]'],
    ],
    [
      'a different type',
      { tensors: [{ ...model.tensors[0]!, dtype: 'int32' }, model.tensors[1]!] },
      ['a/kernel is int32[2, 3], and in the model float32[2, 3]'],
    ],
    [
      'a duplicate name',
      { tensors: [...model.tensors, model.tensors[0]!] },
      ['two of its tensors have the same name'],
    ],
    [
      'different layers',
      { topology: ['a Dense', 'b Dense relu < a'] },
      ['its layer 1 is b Dense relu < a, and in the model b Dense < a'],
    ],
  ])('reports %s', (_, change, lines) => {
    expect(snapshotDifferences(model, { ...model, ...change })).toEqual(lines);
  });

  it('only counts the differences beyond a limit', () => {
    const tensors = Array.from({ length: 20 }, (_, i) => ({ name: `w${i}`, dtype: 'float32', shape: [1] }));
    const lines = snapshotDifferences({ ...model, tensors }, { ...model, tensors: [] });
    expect([lines.length, lines.at(-1)]).toEqual([6, 'and 15 more']);
  });
});
