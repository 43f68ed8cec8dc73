import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { oracleModel } from '../../test/oracle.ts';
import { distance, runModel, waves } from '../../test/runModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel } from '../format/model.ts';
import { createTrainer } from '../index.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { cutAt } from './cutAt.ts';
import { describeHead } from './describeHead.ts';
import { replaceHead } from './replaceHead.ts';

const { FLOAT, FLOAT16, INT64, INT8 } = DataType;
const values = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.cos(i) / 4);
const stored = (name: string, dims: readonly number[]) => ({
  name,
  type: FLOAT as number,
  dims,
  values: values(dims.reduce((size, dim) => size * dim, 1)),
});
const image = { name: 'x', type: FLOAT, dims: ['{n}', 3, 4, 4] };
const vector = { name: 'x', type: FLOAT, dims: ['{n}', 6] };
const output = (name: string, ...dims: (number | string)[]) => ({ name, type: FLOAT, dims });

/** Models with heads as various exporters write them. */
const heads = {
  'MatMul and Add, as from Keras': makeModel({
    inputs: [vector],
    outputs: [output('y', '{n}', 10)],
    initializers: [stored('dense/kernel', [6, 10]), stored('dense/bias', [10])],
    nodes: [
      { op: 'MatMul', inputs: ['x', 'dense/kernel'], outputs: ['m'] },
      { op: 'Add', inputs: ['m', 'dense/bias'], outputs: ['a'] },
      { op: 'Softmax', inputs: ['a'], outputs: ['y'] },
    ],
  }),
  'a Gemm whose weight is not transposed': makeModel({
    inputs: [vector],
    outputs: [output('y', '{n}', 10)],
    initializers: [stored('w', [6, 10]), stored('b', [1, 10])],
    nodes: [{ op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['y'] }],
  }),
  'Conv 1×1, ReLU and pooling, as in SqueezeNet': makeModel({
    inputs: [image],
    outputs: [output('y', '{n}', 10)],
    initializers: [stored('conv.weight', [10, 3, 1, 1]), stored('conv.bias', [10])],
    nodes: [
      { op: 'Conv', inputs: ['x', 'conv.weight', 'conv.bias'], outputs: ['c'] },
      { op: 'Relu', inputs: ['c'], outputs: ['r'] },
      { op: 'GlobalAveragePool', inputs: ['r'], outputs: ['p'] },
      { op: 'Flatten', inputs: ['p'], outputs: ['y'] },
    ],
  }),
  'Conv and a Reshape with a constant number of classes': makeModel({
    inputs: [image],
    outputs: [output('y', '{n}', 10)],
    initializers: [stored('w', [10, 3, 4, 4]), { name: 'shape', type: INT64, dims: [2], values: [-1, 10] }],
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'] },
      { op: 'Reshape', inputs: ['c', 'shape'], outputs: ['y'] },
    ],
  }),
  'a head whose weight is transposed and shared with another layer': makeModel({
    inputs: [vector],
    outputs: [output('y', '{n}', 6)],
    initializers: [stored('w', [6, 6]), stored('b', [6])],
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'Transpose', inputs: ['w'], outputs: ['t'] },
      { op: 'MatMul', inputs: ['h', 't'], outputs: ['m'] },
      { op: 'Add', inputs: ['b', 'm'], outputs: ['y'] },
    ],
  }),
  'a head whose weight and output are quantised': makeModel({
    inputs: [vector],
    outputs: [output('y', '{n}', 10)],
    initializers: [
      { name: 'w', type: INT8, dims: [10, 6], values: Array.from({ length: 60 }, (_, i) => (i % 15) - 7) },
      { name: 'scale', type: FLOAT, dims: [], values: [0.05] },
    ],
    nodes: [
      { op: 'DequantizeLinear', inputs: ['w', 'scale'], outputs: ['wide'] },
      { op: 'Gemm', inputs: ['x', 'wide'], outputs: ['g'], attributes: { transB: 1 } },
      { op: 'QuantizeLinear', inputs: ['g', 'scale'], outputs: ['q'] },
      { op: 'DequantizeLinear', inputs: ['q', 'scale'], outputs: ['y'] },
    ],
  }),
};

describe('replaceHead', () => {
  it.each(Object.entries(heads))('replaces %s', async (_, model) => {
    const changed = replaceHead(model, { classes: 4 });
    const { features, classes, weight, inputs } = describeHead(changed);
    expect(classes).toBe(4);
    expect(inputs).toBe(describeHead(model).inputs);
    const x = waves(dimsFor(model));
    const { y } = await runModel(changed, { x });
    expect(y?.dims).toEqual([2, 4]);
    expect((y!.data as Float32Array).every(Number.isFinite)).toBe(true);
    // The body is unchanged.
    if (features !== 'x') {
      const [before, after] = await Promise.all(
        [model, changed].map((each) => runModel(cutAt(each, features), { x })),
      );
      expect(after?.[features]?.data).toEqual(before?.[features]?.data);
    }
    const trainer = await createTrainer(ort, changed, {
      loss: 'crossEntropy',
      optimizer: sgd(),
      trainable: (name) => name === weight,
    });
    const target = new ort.Tensor('int64', BigInt64Array.of(0n, 3n), [2]);
    const { loss } = await trainer.trainStep({ x, target }, { lr: 0.1 });
    expect(await loss).toBeGreaterThan(0);
    await trainer.dispose();
  });

  const dimsFor = (model: Uint8Array): number[] => {
    const type = readModel(model).graph.input[0]?.type?.value;
    const rank = type?.case === 'tensorType' ? type.value.shape?.dim.length : 0;
    return rank === 4 ? [2, 3, 4, 4] : [2, 6];
  };

  it('keeps the names, initialises like PyTorch, and gives the same weights for the same seed', () => {
    const { bytes: onnx } = oracleModel('lenet');
    const changed = replaceHead(onnx, { classes: 3 });
    expect(describeHead(changed)).toEqual({ ...describeHead(onnx), classes: 3 });
    expect(replaceHead(onnx, { classes: 3 })).toEqual(changed);
    expect(replaceHead(onnx, { classes: 3, seed: 1 })).not.toEqual(changed);
    const weight = readModel(changed).graph.initializer.find(({ name }) => name === '11.weight');
    const numbers = new Float32Array(new Uint8Array(weight!.rawData).buffer);
    expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(16));
    expect(Math.max(...numbers.map(Math.abs))).toBeGreaterThan(0.8 / Math.sqrt(16));
    expect(numbers.reduce((sum, value) => sum + value, 0) / numbers.length).toBeCloseTo(0, 1);
  });

  it.each(['mlp', 'lenet', 'cifar-quick', 'bn-frozen', 'resnet-mini', 'encoder', 'regressor'])(
    'replaces the head of %s, and keeps the features before it',
    async (name) => {
      const { bytes: onnx, batches } = oracleModel(name);
      const changed = replaceHead(onnx, { classes: 7 });
      const { features } = describeHead(changed);
      const batch = { ...batches[0]! };
      const [before, after] = await Promise.all(
        [onnx, changed].map((model) => runModel(cutAt(model, features), batch)),
      );
      expect(distance(before![features]!, after![features]!)).toBe(0);
      const { output: logits } = await runModel(changed, batch);
      expect(logits?.dims.at(-1)).toBe(7);
    },
  );

  it('gives a float16 model a float16 head', () => {
    const half = makeModel({
      inputs: [{ ...vector, type: FLOAT16 }],
      outputs: [{ ...output('y', '{n}', 2), type: FLOAT16 }],
      tensors: [floatTensor('w', FLOAT16, [6, 2], values(12))],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    const { graph } = readModel(replaceHead(half, { classes: 3 }));
    expect(graph.initializer.map(({ dataType, dims }) => [dataType, dims])).toEqual([[FLOAT16, [6n, 3n]]]);
  });

  it('refuses ambiguous models, and lists their layers', () => {
    const residual = makeModel({
      inputs: [vector],
      outputs: [output('y', '{n}', 6)],
      initializers: [stored('fc.weight', [6, 6])],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'fc.weight'], outputs: ['m'], name: 'fc' },
        { op: 'Add', inputs: ['m', 'x'], outputs: ['y'] },
      ],
    });
    expect(() => replaceHead(residual, { classes: 3 })).toThrow(
      /joins two computed values.*"fc.weight" of node "fc"/s,
    );
    const two = makeModel({
      inputs: [vector],
      outputs: [output('a', '{n}', 6), output('b', '{n}', 6)],
      initializers: [stored('w', [6, 6])],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'] },
        { op: 'Relu', inputs: ['x'], outputs: ['b'] },
      ],
    });
    expect(() => replaceHead(two, { classes: 3 })).toThrow('one float output');
    expect(describeHead(replaceHead(two, { classes: 3, output: 'a' }), { output: 'a' }).classes).toBe(3);
    expect(() => replaceHead(two, { classes: 3, output: 'c' })).toThrow(
      "the name of one of the model's outputs: a, b",
    );
  });

  it('refuses bad options', () => {
    const model = heads['MatMul and Add, as from Keras'];
    expect(() => replaceHead(model, { classes: 1 })).toThrow('at least 2 classes before a Softmax');
    expect(() => replaceHead(model, { classes: 2.5 })).toThrow('classes = 2.5');
    expect(() => replaceHead(model, { clases: 3 } as never)).toThrow('Did you mean "classes"?');
    expect(() => replaceHead(model, undefined as never)).toThrow('the options of replaceHead');
    expect(() => replaceHead(model, { classes: 3, seed: 0.5 })).toThrow('seed to be a whole number');
  });
});
