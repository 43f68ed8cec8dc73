import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type InitializerSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel, writeModel } from '../format/model.ts';
import { createTrainer, replaceHead } from '../index.ts';

const float = DataType.FLOAT;
const wave = (name: string, dims: readonly number[], start = 0): InitializerSpec => ({
  ...{ name, type: float, dims },
  values: Array.from(
    { length: dims.reduce((a, b) => a * b, 1) },
    (_, i) => start + 0.5 * Math.sin(1 + 2.3 * i),
  ),
});
const integers = (name: string, ...values: number[]): InitializerSpec => ({
  ...{ name, type: DataType.INT64, dims: [values.length], values },
});

/** The loss and the gradients of the mean of y², for an x of shape [2, 3, 4, 4]. */
async function trained(opset: number, nodes: readonly NodeSpec[], initializers: readonly InitializerSpec[]) {
  const model = makeModel({
    opset,
    inputs: [{ name: 'x', type: float, dims: ['{n}', 3, 4, 4] }],
    outputs: [{ name: 'y', type: float, dims: undefined }],
    initializers,
    nodes: [
      ...nodes,
      { op: 'Flatten', inputs: ['z'], outputs: ['flat'] },
      { op: 'MatMul', inputs: ['flat', 'last'], outputs: ['y'] },
    ],
  });
  const options = { loss: 'mse', optimizer: sgd(), deterministic: true } as const;
  const trainer = await createTrainer(ort, model, options);
  const x = new ort.Tensor(
    'float32',
    Float32Array.from({ length: 96 }, (_, i) => Math.sin(i * i)),
    [2, 3, 4, 4],
  );
  const batch = { x, target: new ort.Tensor('float32', new Float32Array(2), [2, 1]) };
  const gradients = await trainer.gradients(batch);
  const { loss } = await trainer.evaluate([batch]);
  await trainer.dispose();
  return { loss, gradients };
}

const put = (
  op: string,
  inputs: string[],
  attributes: NonNullable<NodeSpec['attributes']> = {},
  outputs = ['z'],
) => ({ op, inputs, outputs, attributes }) as const;

interface Case {
  readonly name: string;
  readonly opset: number;
  readonly old: readonly NodeSpec[];
  readonly now: readonly NodeSpec[];
  readonly stored?: readonly InitializerSpec[];
  /** The number of elements of z per example. Default: 48. */
  readonly size?: number;
}

const norm = ['x', 'scale', 'shift', 'mean', 'variance'];
const normed = [wave('scale', [3], 1), wave('shift', [3]), wave('mean', [3]), wave('variance', [3], 1)];
const cases: readonly Case[] = [
  {
    name: 'Relu with consumed_inputs',
    opset: 1,
    old: [
      put('Mul', ['x', 'w'], { broadcast: 1, axis: 1 }, ['m']),
      put('Relu', ['m'], { consumed_inputs: [0] }),
    ],
    now: [
      put('Unsqueeze', ['w', 'behind'], {}, ['u']),
      put('Mul', ['x', 'u'], {}, ['m']),
      put('Relu', ['m']),
    ],
    stored: [wave('w', [3]), integers('behind', 1, 2)],
  },
  {
    name: 'Add along the last axes',
    opset: 6,
    old: [put('Add', ['x', 'w'], { broadcast: 1 })],
    now: [put('Add', ['x', 'w'])],
    stored: [wave('w', [4, 4])],
  },
  {
    name: 'Sub along axes in the middle',
    opset: 6,
    old: [put('Sub', ['x', 'w'], { broadcast: 1, axis: -3 })],
    now: [put('Unsqueeze', ['w', 'behind'], {}, ['u']), put('Sub', ['x', 'u'])],
    stored: [wave('w', [3, 4]), integers('behind', 2)],
  },
  {
    name: 'PRelu with a slope for each channel',
    opset: 6,
    old: [put('PRelu', ['x', 'w'])],
    now: [put('Unsqueeze', ['w', 'behind'], {}, ['u']), put('PRelu', ['x', 'u'])],
    stored: [wave('w', [3]), integers('behind', 1, 2)],
  },
  {
    name: 'BatchNormalization in inference mode',
    opset: 6,
    old: [put('BatchNormalization', norm, { is_test: 1, spatial: 1 })],
    now: [put('BatchNormalization', norm)],
    stored: normed,
  },
  {
    name: 'Reshape, Gemm and Dropout',
    opset: 4,
    old: [
      put('Reshape', ['x'], { shape: [-1, 48] }, ['r']),
      put('Dropout', ['r'], { is_test: 1, ratio: { float: 0 } }, ['d']),
      put('Gemm', ['d', 'w', 'c'], { broadcast: 1 }),
    ],
    now: [put('Reshape', ['x', 'shape'], {}, ['r']), put('Gemm', ['r', 'w', 'c'])],
    stored: [wave('w', [48, 5]), wave('c', [5]), integers('shape', -1, 48)],
    size: 5,
  },
  {
    name: 'Concat, Cast and Tile',
    opset: 3,
    old: [
      put('Mul', ['x', 'w'], { broadcast: 1 }, ['m']),
      put('Cast', ['m'], { to: 'FLOAT' }, ['f']),
      put('Tile', ['f', 'twice', 'third'], {}, ['t']),
      put('Concat', ['t', 't']),
    ],
    now: [
      put('Mul', ['x', 'w'], {}, ['m']),
      put('Tile', ['m', 'repeats'], {}, ['t']),
      put('Concat', ['t', 't'], { axis: 1 }),
    ],
    stored: [wave('w', [4]), integers('repeats', 1, 1, 1, 2), integers('twice', 2), integers('third', 3)],
    size: 192,
  },
  {
    name: 'Pad and LpPool',
    opset: 1,
    old: [
      put('Mul', ['x', 'w'], { broadcast: 1 }, ['m']),
      put('Pad', ['m'], { paddings: [0, 0, 1, 0, 0, 0, 1, 0] }, ['p']),
      put('LpPool', ['p'], { kernel_shape: [2, 2], strides: [2, 2], p: { float: 2 } }),
    ],
    now: [
      put('Mul', ['x', 'w'], {}, ['m']),
      put('Pad', ['m', 'pads'], {}, ['p']),
      put('LpPool', ['p'], { kernel_shape: [2, 2], strides: [2, 2], p: 2 }),
    ],
    stored: [wave('w', [4], 1), integers('pads', 0, 0, 1, 0, 0, 0, 1, 0)],
    size: 18,
  },
  {
    name: 'Upsample and Selu',
    opset: 5,
    old: [
      put('Mul', ['x', 'w'], { broadcast: 1 }, ['m']),
      put('Upsample', ['m'], { height_scale: { float: 2 }, width_scale: { float: 1 } }, ['u']),
      put('Selu', ['u']),
    ],
    now: [
      put('Mul', ['x', 'w'], {}, ['m']),
      put(
        'Resize',
        ['m', '', 'scales'],
        { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
        ['u'],
      ),
      put('Selu', ['u'], { alpha: { float: 1.6732 }, gamma: { float: 1.0507 } }),
    ],
    stored: [wave('w', [4]), { name: 'scales', type: float, dims: [4], values: [1, 1, 2, 1] }],
    size: 96,
  },
];

describe('nodes older than opset 7', () => {
  it.each(cases)(
    'trains like the equivalent nodes of opset 18: $name',
    async ({ opset, old, now, stored = [], size = 48 }) => {
      const last = wave('last', [size, 1]);
      const reads = (nodes: readonly NodeSpec[]) => [
        ...stored.filter(({ name }) => nodes.some(({ inputs }) => inputs.includes(name))),
        last,
      ];
      const [before, after] = [await trained(opset, old, reads(old)), await trained(18, now, reads(now))];
      expect(before.loss).toBe(after.loss);
      expect(before.gradients.size).toBeGreaterThan(1);
      for (const [name, { data }] of before.gradients) {
        expect(data.some((value) => value !== 0)).toBe(true);
        expect(data).toEqual(after.gradients.get(name)?.data);
      }
    },
  );

  it.each([
    [
      'a BatchNormalization in training mode without running statistics',
      6,
      put('BatchNormalization', norm),
      'in inference mode (is_test)',
    ],
    [
      'statistics for each position',
      7,
      put('BatchNormalization', norm, { spatial: 0 }),
      'statistics for each channel',
    ],
    [
      'an axis along which the second input does not fit',
      6,
      put('Add', ['x', 'mean'], { broadcast: 1, axis: 4 }),
      'that can be broadcast to the first',
    ],
    ['a power that is not an integer', 1, put('GlobalLpPool', ['x'], { p: { float: 1.5 } }), 'a whole power'],
    ['a type that does not exist', 5, put('Cast', ['x'], { to: 'NUMBER' }), 'the name of an ONNX type'],
    [
      'a Tile with repeats computed at run time',
      5,
      put('Tile', ['x', 'x', 'x']),
      'whose repeats are constants',
    ],
  ])('refuses %s', async (_, opset, node, why) => {
    await expect(trained(opset, [node], [...normed, wave('last', [48, 1])])).rejects.toThrow(why);
  });

  it('reads a file without opset imports as opset 1', () => {
    const { proto } = readModel(
      makeModel({ opset: 1, inputs: [], outputs: [{ name: 'y', type: float, dims: [1] }], nodes: [] }),
    );
    proto.opsetImport = [];
    proto.irVersion = 2n;
    expect(readModel(writeModel(proto)).opset).toBe(1);
  });

  it('are refused by replaceHead, because it adds new nodes', () => {
    const model = makeModel({
      opset: 6,
      inputs: [{ name: 'x', type: float, dims: [1, 4] }],
      outputs: [{ name: 'y', type: float, dims: [1, 2] }],
      initializers: [wave('w', [4, 2])],
      nodes: [put('MatMul', ['x', 'w'], {}, ['y'])],
    });
    expect(() => replaceHead(model, { classes: 3 })).toThrow(
      'a model of opset 7 or newer, because nodes are added to it',
    );
  });
});
