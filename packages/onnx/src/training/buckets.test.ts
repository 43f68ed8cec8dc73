import { sgd } from '@clr/core';
import { expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel } from '../format/model.ts';
import { buildTrainingModel } from './build.ts';

const count = 80;

it('declares the shapes of all parameters, and of the values computed from them, to the runtime', () => {
  const vectors = Array.from({ length: count }, (_, i) => `vector${i}`);
  const model = makeModel({
    inputs: [{ name: 'x', type: DataType.FLOAT, dims: ['{batch}', 3] }],
    outputs: [{ name: `y${count}`, type: DataType.FLOAT, dims: undefined }],
    initializers: vectors.map((name) => ({ name, type: DataType.FLOAT, dims: [3], values: [1, 2, 3] })),
    nodes: vectors.map((name, i) => ({
      op: 'Mul',
      inputs: [i === 0 ? 'x' : `y${i}`, name],
      outputs: [`y${i + 1}`],
    })),
  });
  const { graph } = readModel(buildTrainingModel(model, { loss: 'mse', optimizer: sgd() }).bytes);
  const told = new Map(
    graph.valueInfo.map(({ name, type }) => [
      name,
      type?.value.case === 'tensorType' ? type.value.value.shape?.dim.map(({ value }) => value.value) : [],
    ]),
  );
  expect(told.get(vectors[0]!)).toEqual([3n]);
  expect(told.get(vectors[count - 1]!)).toEqual([3n]);
  expect(told.get('y40')).toEqual(['batch', 3n]);
});
