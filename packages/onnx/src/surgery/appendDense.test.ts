import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { oracleModel } from '../../test/oracle.ts';
import { runModel, waves } from '../../test/runModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel } from '../format/model.ts';
import { createTrainer } from '../index.ts';
import { appendDense } from './appendDense.ts';
import { cutAt } from './cutAt.ts';
import { describeHead } from './describeHead.ts';

const { FLOAT, FLOAT16 } = DataType;
const floatsOf = (tensor: ort.Tensor | undefined): Float32Array => tensor!.data as Float32Array;

/** The weights of a model by name. */
const weights = (model: Uint8Array): Record<string, Float32Array> =>
  Object.fromEntries(
    readModel(model).graph.initializer.map(({ name, rawData }) => [
      name,
      new Float32Array(new Uint8Array(rawData).buffer),
    ]),
  );

describe('cutAt and appendDense', () => {
  it('give a new head that computes x · Wᵀ + b', async () => {
    const { bytes, batches } = oracleModel('lenet');
    const body = cutAt(bytes, describeHead(bytes).features);
    expect(body.length).toBeLessThan(bytes.length);
    const model = appendDense(body, { units: 3, name: 'head' });
    const batch = { ...batches[0]! };
    const features = floatsOf((await runModel(body, batch))[describeHead(bytes).features]);
    const { head } = await runModel(model, batch);
    const { 'head.weight': w, 'head.bias': b } = weights(model);
    const expected = Array.from({ length: head!.data.length }, (_, at) => {
      const [row, unit] = [Math.floor(at / 3), at % 3];
      let sum = b![unit]!;
      for (let i = 0; i < 16; i++) sum += features[row * 16 + i]! * w![unit * 16 + i]!;
      return sum;
    });
    floatsOf(head).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('pool feature maps and append several layers with activations, and the model can be trained', async () => {
    const { bytes, batches } = oracleModel('cifar-quick');
    const body = cutAt(bytes, '/7/Relu_output_0');
    const hidden = appendDense(body, { units: 8, activation: 'relu', pool: true, name: 'hidden' });
    const model = appendDense(hidden, { units: 4, activation: 'softmax', bias: false });
    const { input } = batches[0]!;
    const { dense } = await runModel(model, { input });
    expect(dense?.dims).toEqual([input.dims[0], 4]);
    expect(floatsOf(dense).reduce((sum, value) => sum + value, 0)).toBeCloseTo(input.dims[0]!, 4);
    const trainer = await createTrainer(ort, model, { loss: 'crossEntropy', optimizer: sgd() });
    const target = new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: input.dims[0]! }, (_, i) => BigInt(i % 4)),
      [input.dims[0]!],
    );
    const first = await (await trainer.trainStep({ input, target }, { lr: 0.1 })).loss;
    for (let step = 0; step < 10; step++)
      await (await trainer.trainStep({ input, target }, { lr: 0.1 })).loss;
    expect((await trainer.evaluate([{ input, target }])).loss).toBeLessThan(first);
    await trainer.dispose();
  });

  it('accept sequences, and use their last axis as features', async () => {
    const { bytes, batches } = oracleModel('encoder');
    const body = cutAt(bytes, '/Add_3_output_0');
    const model = appendDense(body, { units: 2, activation: 'tanh' });
    const { dense } = await runModel(model, { ...batches[0]! });
    expect(dense?.dims.length).toBe(3);
    expect(dense?.dims.at(-1)).toBe(2);
  });

  it('keep a float16 model in float16', () => {
    const half = makeModel({
      inputs: [{ name: 'x', type: FLOAT16, dims: ['{n}', 3] }],
      outputs: [{ name: 'y', type: FLOAT16, dims: ['{n}', 3] }],
      nodes: [
        { op: 'Relu', inputs: ['x'], outputs: ['h'] },
        { op: 'Neg', inputs: ['h'], outputs: ['y'] },
      ],
    });
    const { graph } = readModel(appendDense(cutAt(half, 'h'), { units: 2 }));
    const types = graph.output.map(({ type }) =>
      type?.value.case === 'tensorType' ? type.value.value.elemType : 0,
    );
    expect([...types, ...graph.initializer.map(({ dataType }) => dataType)]).toEqual([
      FLOAT16,
      FLOAT16,
      FLOAT16,
    ]);
  });

  it('cut at several values, and remove inputs that no node reads', async () => {
    const model = makeModel({
      inputs: ['a', 'b'].map((name) => ({ name, type: FLOAT, dims: [2] })),
      outputs: [{ name: 'y', type: FLOAT, dims: [2] }],
      nodes: [
        { op: 'Relu', inputs: ['a'], outputs: ['h'] },
        { op: 'Neg', inputs: ['h'], outputs: ['n'] },
        { op: 'Add', inputs: ['n', 'b'], outputs: ['y'] },
      ],
    });
    const cut = cutAt(model, ['n', 'h']);
    expect(readModel(cut).graph.input.map(({ name }) => name)).toEqual(['a']);
    const outputs = await runModel(cut, { a: waves([2]) });
    expect(Object.keys(outputs)).toEqual(['n', 'h']);
  });

  it('refuse unknown values and list known ones, and refuse wrong options', () => {
    const { bytes } = oracleModel('mlp');
    expect(() => cutAt(bytes, '/0/Gemm')).toThrow('its output is called "/0/Gemm_output_0"');
    expect(() => cutAt(bytes, 'pool')).toThrow(/value = "pool".*"\/3\/Tanh_output_0", "output"/s);
    expect(() => cutAt(bytes, [])).toThrow('a list of such names');
    expect(() => cutAt(bytes, undefined as never)).toThrow('value = undefined');
    expect(() => appendDense(bytes, {} as never)).toThrow('units to be a whole number');
    expect(() => appendDense(bytes, { units: 2, activation: 'gelu' as never })).toThrow('"relu", "tanh"');
    expect(() => appendDense(bytes, { unit: 2 } as never)).toThrow('Did you mean "units"?');
    expect(() => appendDense(bytes, { units: 2, name: '' })).toThrow('name = ""');
    expect(() => appendDense(bytes, { units: 2, bias: 'no' as never })).toThrow('bias to be true or false');
    expect(() => appendDense(bytes, { units: 2, pool: true })).toThrow('feature maps [N, C, …] to pool');
    const maps = cutAt(oracleModel('cifar-quick').bytes, '/7/Relu_output_0');
    expect(() => appendDense(maps, { units: 2 })).toThrow('{ pool: true }');
  });
});
