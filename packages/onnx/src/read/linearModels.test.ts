import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, describeModel } from '../index.ts';

const wave = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround(Math.sin(2.1 * i + 1)));
const [rows, features] = [7, 4];
const x = new ort.Tensor('float32', Float32Array.from(wave(rows * features)), [rows, features]);
const ml = { domain: 'ai.onnx.ml' } as const;
const weights = (count: number) => ({
  coefficients: { floats: wave(count * features) },
  intercepts: { floats: wave(count) },
});

function file(nodes: readonly NodeSpec[], outputs: readonly { name: string; type: number }[]): Uint8Array {
  return makeModel({
    opset: 17,
    domains: { 'ai.onnx.ml': 1 },
    inputs: [{ name: 'x', type: DataType.FLOAT, dims: ['{n}', features] }],
    outputs: outputs.map(({ name, type }) => ({ name, type, dims: undefined })),
    nodes,
  });
}

/** The values of an output, computed by ONNX Runtime alone. */
async function outputOf(model: Uint8Array, name: string): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(model);
  const found = await session.run({ x }, [name]);
  await session.release();
  return found[name] as ort.Tensor;
}

const classifier = (labels: NodeSpec['attributes'], post: string, classes = 3): NodeSpec => ({
  ...{ op: 'LinearClassifier', ...ml, name: 'linear', inputs: ['x'], outputs: ['label', 'raw'] },
  attributes: { ...weights(classes), ...labels, post_transform: post },
});
const shares: NodeSpec = {
  ...{ op: 'Normalizer', ...ml, inputs: ['raw'], outputs: ['p'], attributes: { norm: 'L1' } },
};

describe('linear models of scikit-learn', () => {
  it.each([
    ['integers', { classlabels_ints: [3, 5, 9] }, DataType.INT64],
    ['strings', { classlabels_strings: ['a', 'b', 'c'] }, DataType.STRING],
  ] as const)(
    'trains a classifier whose labels are %s, and exports a model with the evaluated loss',
    async (_, labels, type) => {
      const model = file(
        [classifier(labels, 'SOFTMAX'), shares],
        [
          { name: 'label', type },
          { name: 'p', type: DataType.FLOAT },
        ],
      );
      const named = describeModel(model, { output: 'p' }).weights.map(({ name, trained }) => [name, trained]);
      expect(named).toEqual([
        ['linear.coefficients', true],
        ['linear.intercepts', true],
      ]);
      const classes = Array.from({ length: rows }, (_, i) => i % 3);
      const batch = { x, target: new ort.Tensor('int64', BigInt64Array.from(classes, BigInt), [rows]) };
      const options = { loss: 'crossEntropy', output: 'p', optimizer: adam() } as const;
      const trainer = await createTrainer(ort, model, options);
      const lossOf = async (bytes: Uint8Array): Promise<number> => {
        const { data } = await outputOf(bytes, 'p');
        return (
          classes.reduce(
            (sum, label, i) => sum - Math.log((data as Float32Array)[3 * i + label] as number),
            0,
          ) / rows
        );
      };
      const before = (await trainer.evaluate([batch])).loss;
      expect(before).toBeCloseTo(await lossOf(model), 5);
      for (let step = 0; step < 40; step++) await trainer.trainStep(batch, { lr: 0.1 });
      const { loss } = await trainer.evaluate([batch]);
      const exported = await trainer.exportModel();
      await trainer.dispose();
      expect(loss).toBeLessThan(before / 2);
      expect(loss).toBeCloseTo(await lossOf(exported), 5);
      expect(exported.length).toBe(model.length);
    },
  );

  it('trains a regressor with two targets', async () => {
    const model = file(
      [
        {
          op: 'LinearRegressor',
          ...ml,
          inputs: ['x'],
          outputs: ['y'],
          attributes: { ...weights(2), targets: 2 },
        },
      ],
      [{ name: 'y', type: DataType.FLOAT }],
    );
    const target = new ort.Tensor('float32', Float32Array.from(wave(2 * rows), Math.abs), [rows, 2]);
    const trainer = await createTrainer(ort, model, { loss: 'mse', optimizer: adam() });
    const before = (await trainer.evaluate([{ x, target }])).loss;
    for (let step = 0; step < 40; step++) await trainer.trainStep({ x, target }, { lr: 0.1 });
    const { loss } = await trainer.evaluate([{ x, target }]);
    const { data } = await outputOf(await trainer.exportModel(), 'y');
    await trainer.dispose();
    const squares = [...(data as Float32Array)].map((value, i) => (value - (target.data[i] as number)) ** 2);
    expect(loss).toBeLessThan(before / 2);
    expect(loss).toBeCloseTo(squares.reduce((sum, value) => sum + value, 0) / squares.length, 5);
  });

  it.each([
    ['one score for two classes', classifier({ classlabels_ints: [0, 1] }, 'LOGISTIC', 1)],
    ['an unsupported transform', classifier({ classlabels_ints: [0, 1, 2] }, 'PROBIT')],
  ])('refuses a model with %s', async (_, node) => {
    const model = file([node], [{ name: 'raw', type: DataType.FLOAT }]);
    await expect(createTrainer(ort, model, { loss: 'mse', optimizer: adam() })).rejects.toThrow(
      /\[clr\/onnx\] Expected/,
    );
  });
});
