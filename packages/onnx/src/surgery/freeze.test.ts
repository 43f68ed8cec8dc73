import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { graphAttribute, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { oracleModel } from '../../test/oracle.ts';
import { distance, runModel, waves } from '../../test/runModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel } from '../format/model.ts';
import { createTrainer, describeModel } from '../index.ts';
import { forInference } from './forInference.ts';
import { freezeBatchNorm } from './freezeBatchNorm.ts';
import { freezeExcept } from './freezeExcept.ts';
import { replaceHead } from './replaceHead.ts';

const picked = (bytes: Uint8Array, keep: Parameters<typeof freezeExcept>[1]): string[] =>
  describeModel(bytes)
    .weights.map(({ name }) => name)
    .filter(freezeExcept(bytes, keep));

describe('freezeExcept', () => {
  it('selects the last layers, with the norms and biases that follow them', () => {
    const resnet = oracleModel('resnet-mini').bytes;
    expect(picked(resnet, 1)).toEqual(['7.weight', '7.bias']);
    expect(picked(resnet, 2)).toEqual(['2.weight', '2.bias', '3.weight', '3.bias', '7.weight', '7.bias']);
    expect(picked(oracleModel('encoder').bytes, 2)).toEqual(['f2.weight', 'f2.bias', 'c.weight', 'c.bias']);
  });

  it('selects weights by name, and never a running statistic', () => {
    expect(picked(oracleModel('resnet-mini').bytes, (name) => name.startsWith('3.'))).toEqual([
      '3.weight',
      '3.bias',
    ]);
  });

  it('selects among the weights before the outputs that are named', () => {
    const float = DataType.FLOAT;
    const weight = (name: string) => ({ name, type: float, dims: [2, 2], values: [1, 2, 3, 4] });
    const value = (name: string) => ({ name, type: float, dims: ['{n}', 2] });
    const two = makeModel({
      inputs: [value('x')],
      outputs: [value('y'), value('z')],
      initializers: ['body', 'a', 'b'].map(weight),
      nodes: [
        { op: 'MatMul', inputs: ['x', 'body'], outputs: ['h'] },
        { op: 'MatMul', inputs: ['h', 'a'], outputs: ['y'] },
        { op: 'MatMul', inputs: ['h', 'b'], outputs: ['z'] },
      ],
    });
    const selected = (...how: [number, object?]): string[] =>
      ['body', 'a', 'b'].filter(freezeExcept(two, ...how));
    expect(selected(1)).toEqual(['a']);
    expect(selected(1, { output: 'z' })).toEqual(['b']);
    expect(selected(2, { output: 'z' })).toEqual(['body', 'b']);
    expect(selected(2, { output: ['y', 'z'] })).toEqual(['a', 'b']);
    expect(() => freezeExcept(two, 1, { output: 'w' })).toThrow("one of the model's outputs: y, z");
    expect(() => freezeExcept(two, 1, { outputs: ['y'] } as never)).toThrow('Did you mean "output"?');
    expect(() => freezeExcept(two, 1, { output: [] })).toThrow('at least one output');
  });

  it('refuses more layers than the model has, and functions that pick no weight', () => {
    const { bytes } = oracleModel('mlp');
    expect(() => freezeExcept(bytes, 4)).toThrow(/from 1 to 3.*keep = 4.*"\/4\/Gemm"/s);
    expect(() => freezeExcept(bytes, 0)).toThrow('keep = 0');
    expect(() => freezeExcept(bytes, () => false)).toThrow('picks at least one trainable weight');
  });
});

describe('freezeBatchNorm', () => {
  const statistics = (bytes: Uint8Array): string[] =>
    readModel(bytes)
      .graph.initializer.filter(({ name }) => name.includes('running'))
      .map(({ rawData }) => Buffer.from(rawData).toString('hex'));

  it('keeps the running statistics and all frozen weights bit-identical during training', async () => {
    const { bytes, batches } = oracleModel('resnet-mini');
    const model = replaceHead(bytes, { classes: 10 });
    const trainable = freezeExcept(model, 1);
    const train = async (source: Uint8Array): Promise<Uint8Array> => {
      const trainer = await createTrainer(ort, source, {
        loss: 'crossEntropy',
        optimizer: sgd({ momentum: 0.9 }),
        trainable,
      });
      for (let step = 0; step < 3; step++)
        await (await trainer.trainStep({ ...batches[0]! }, { lr: 0.05 })).loss;
      const result = await trainer.exportModel();
      await trainer.dispose();
      return result;
    };
    expect(statistics(await train(model))).not.toEqual(statistics(model));
    const frozen = freezeBatchNorm(model, { except: trainable });
    const after = await train(frozen);
    expect(statistics(after)).toEqual(statistics(model));
    const stored = (bytes: Uint8Array) =>
      new Map(
        readModel(bytes).graph.initializer.map(({ name, rawData }) => [
          name,
          Buffer.from(rawData).toString('hex'),
        ]),
      );
    const [before, now] = [stored(model), stored(after)];
    for (const [name, data] of before) expect(now.get(name) === data).toBe(!trainable(name));
  });

  it('keeps norms in training mode if their scale is trained', () => {
    const { bytes } = oracleModel('resnet-mini');
    const forms = (model: Uint8Array): number[] =>
      readModel(model)
        .graph.node.filter(({ opType }) => opType === 'BatchNormalization')
        .map(({ output }) => output.length);
    expect(forms(bytes)).toEqual([3, 3, 3]);
    expect(forms(freezeBatchNorm(bytes))).toEqual([1, 1, 1]);
    expect(forms(freezeBatchNorm(bytes, { except: freezeExcept(bytes, 2) }))).toEqual([1, 1, 3]);
    expect(() => freezeBatchNorm(bytes, { except: ['3.weight'] as never })).toThrow(
      'except to be a function',
    );
  });

  it('does not change a model whose norms already use the running statistics', async () => {
    const { bytes, batches } = oracleModel('bn-frozen');
    const batch = { ...batches[0]! };
    const [a, b] = await Promise.all([bytes, freezeBatchNorm(bytes)].map((each) => runModel(each, batch)));
    expect(distance(a!.output!, b!.output!)).toBe(0);
    expect(freezeBatchNorm(bytes)).toBe(bytes);
  });
});

describe('forInference', () => {
  const float = DataType.FLOAT;
  const output = (name: string) => ({ name, type: float, dims: undefined });
  const norm: NodeSpec = {
    op: 'BatchNormalization',
    inputs: ['dropped', 'scale', 'shift', 'mean', 'variance'],
    outputs: ['normal', 'newMean', 'newVariance'],
    attributes: { training_mode: 1 },
  };
  const drops = (from: string, to: string): NodeSpec => ({
    op: 'Dropout',
    inputs: [from, 'ratio', 'training'],
    outputs: [to],
  });
  const branch = (name: string) =>
    graphAttribute(name, { nodes: [drops('x', 'dropped'), norm], outputs: [output('normal')] });
  const four = (name: string, value: number) => ({
    name,
    type: float,
    dims: [4],
    values: Array(4).fill(value),
  });
  const model = makeModel({
    inputs: [{ name: 'x', type: float, dims: ['{n}', 4] }],
    outputs: [output('y')],
    initializers: [
      ...[four('scale', 2), four('shift', 1), four('mean', 0.5), four('variance', 1)],
      { name: 'ratio', type: float, dims: [], values: [0.5] },
      ...['training', 'yes'].map((name) => ({ name, type: DataType.BOOL, dims: [], values: [1] })),
    ],
    functions: [
      { name: 'Drop', inputs: ['x', 'ratio', 'training'], outputs: ['y'], nodes: [drops('x', 'y')] },
    ],
    nodes: [
      {
        ...{ op: 'If', inputs: ['yes'], outputs: ['inside'] },
        extra: [branch('then_branch'), branch('else_branch')],
      },
      { op: 'Drop', domain: 'own', inputs: ['inside', 'ratio', 'training'], outputs: ['once'] },
      drops('once', 'y'),
    ],
  });

  it('also changes Dropout and batch norms in branches and functions', async () => {
    const x = waves([8, 4]);
    const { y } = await runModel(forInference(model), { x });
    const wanted = (x.data as Float32Array).map((value) => (2 * (value - 0.5)) / Math.sqrt(1 + 1e-5) + 1);
    expect(distance(y!, new ort.Tensor('float32', wanted, [8, 4]))).toBeLessThan(1e-6);
  });
});
