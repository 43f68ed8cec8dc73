import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer } from '../index.ts';

const { FLOAT, DOUBLE } = DataType;

it('trains a float32 and a float64 batch normalisation of the same shape in one model', async () => {
  const stored = (type: number, suffix: string) =>
    ['scale', 'bias', 'mean', 'variance'].map((name) => ({
      name: `${name}${suffix}`,
      type,
      dims: [2],
      values: [name === 'scale' || name === 'variance' ? 1 : 0, 0.5],
    }));
  const normalized = (x: string, y: string, suffix: string) => ({
    op: 'BatchNormalization',
    inputs: [x, ...stored(FLOAT, suffix).map(({ name }) => name)],
    outputs: [y, `mean${suffix}'`, `variance${suffix}'`],
    attributes: { training_mode: 1 },
  });
  const model = makeModel({
    inputs: [{ name: 'x', type: FLOAT, dims: ['{batch}', 2] }],
    outputs: [{ name: 'y', type: FLOAT, dims: ['{batch}', 2] }],
    initializers: [
      { name: 'gain', type: FLOAT, dims: [2], values: [1, 2] },
      ...stored(FLOAT, '32'),
      ...stored(DOUBLE, '64'),
    ],
    nodes: [
      { op: 'Mul', inputs: ['x', 'gain'], outputs: ['scaled'] },
      normalized('scaled', 'single', '32'),
      { op: 'Cast', inputs: ['single'], outputs: ['wide'], attributes: { to: DOUBLE } },
      normalized('wide', 'double', '64'),
      { op: 'Cast', inputs: ['double'], outputs: ['y'], attributes: { to: FLOAT } },
    ],
  });
  const trainer = await createTrainer(ort, model, { loss: 'mse', optimizer: sgd() });
  const data = (seed: number): ort.Tensor =>
    new ort.Tensor(
      'float32',
      Float32Array.from({ length: 8 }, (_, i) => Math.sin(seed + i * i)),
      [4, 2],
    );
  const batch = { x: data(1), target: data(2) };
  const before = await (await trainer.trainStep(batch, { lr: 0.1 })).loss;
  expect(await (await trainer.trainStep(batch, { lr: 0.1 })).loss).toBeLessThan(before);
  await trainer.dispose();
});
