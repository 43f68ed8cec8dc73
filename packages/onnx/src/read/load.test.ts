import { create } from '@bufbuild/protobuf';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type ModelSpec, makeModel, makeNode, type NodeSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { readModel, writeModel } from '../format/model.ts';
import { floatData, makeTensor } from '../format/tensor.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  FunctionProtoSchema,
  GraphProtoSchema,
  OperatorSetIdProtoSchema,
} from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import { buildTrainingModel, createTrainer } from '../index.ts';

const float = DataType.FLOAT;
const spec: Omit<ModelSpec, 'nodes'> = {
  inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
  outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
  initializers: [{ name: 'w', type: float, dims: [3], values: [0.5, -1, 2] }],
};
const batch = {
  x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, -1, 0.5, 0.25), [2, 3]),
  target: new ort.Tensor('float32', new Float32Array(6), [2, 3]),
};
const options = { loss: 'mse', optimizer: sgd() } as const;

async function gradientOf(model: Uint8Array): Promise<Float32Array> {
  const trainer = await createTrainer(ort, model, options);
  const gradients = await trainer.gradients(batch);
  await trainer.dispose();
  return gradients.get('w')?.data as Float32Array;
}

/** y = (x·w)² in plain operators. */
const plain: readonly NodeSpec[] = [
  { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
  { op: 'Mul', inputs: ['m', 'm'], outputs: ['y'] },
];

describe('loading a model', () => {
  it('inlines nested functions with attributes', async () => {
    const { proto } = readModel(
      makeModel({
        ...spec,
        nodes: [
          { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
          { op: 'Outer', domain: 'own', inputs: ['m'], outputs: ['y'], attributes: { power: { float: 2 } } },
        ],
      }),
    );
    const opset = (domain: string, version: bigint) => create(OperatorSetIdProtoSchema, { domain, version });
    const opsets = [opset('', 13n), opset('own', 1n)];
    const referring = create(AttributeProtoSchema, {
      name: 'value_float',
      refAttrName: 'power',
      type: AttributeType.FLOAT,
    });
    proto.opsetImport.push(opset('own', 1n));
    proto.functions.push(
      create(FunctionProtoSchema, {
        domain: 'own',
        name: 'Outer',
        input: ['a'],
        output: ['b'],
        attribute: ['power'],
        opsetImport: opsets,
        node: [
          makeNode({ op: 'Constant', inputs: [], outputs: ['m'], extra: [referring] }),
          makeNode({ op: 'Inner', domain: 'own', inputs: ['a', 'm'], outputs: ['b'] }),
        ],
      }),
      create(FunctionProtoSchema, {
        domain: 'own',
        name: 'Inner',
        input: ['a', 'm'],
        output: ['b'],
        opsetImport: opsets,
        node: [
          makeNode({ op: 'Pow', inputs: ['a', 'm'], outputs: ['p'] }),
          // ReduceMean as in opset 13, although the model has opset 18: the function declares its own opset.
          makeNode({ op: 'ReduceMean', inputs: ['p'], outputs: ['q'], attributes: { axes: [0] } }),
          makeNode({ op: 'Mul', inputs: ['q', 'q'], outputs: ['unused'] }),
          makeNode({ op: 'Identity', inputs: ['p'], outputs: ['b'] }),
        ],
      }),
    );
    expect(await gradientOf(writeModel(proto))).toEqual(
      await gradientOf(makeModel({ ...spec, nodes: plain })),
    );
  });

  it('refuses a function that calls itself', () => {
    const { proto } = readModel(
      makeModel({ ...spec, nodes: [{ op: 'F', domain: 'own', inputs: ['x'], outputs: ['y'] }] }),
    );
    const call = makeNode({ op: 'F', domain: 'own', inputs: ['a'], outputs: ['b'] });
    proto.functions.push(
      create(FunctionProtoSchema, { domain: 'own', name: 'F', input: ['a'], output: ['b'], node: [call] }),
    );
    expect(() => buildTrainingModel(writeModel(proto), options)).toThrow(/call itself/);
  });

  const branch = (name: string, node: NodeSpec) =>
    create(AttributeProtoSchema, {
      name,
      type: AttributeType.GRAPH,
      g: create(GraphProtoSchema, {
        name,
        node: [makeNode(node)],
        output: [declaration(node.outputs[0] as string, float, ['{batch}', 3])],
      }),
    });
  const yes = create(AttributeProtoSchema, {
    name: 'value',
    type: AttributeType.TENSOR,
    t: makeTensor('', DataType.BOOL, [], [1]),
  });
  const choice = (condition: readonly NodeSpec[]) =>
    makeModel({
      ...spec,
      nodes: [
        { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
        ...condition,
        {
          op: 'If',
          inputs: ['c'],
          outputs: ['y'],
          extra: [
            branch('then_branch', { op: 'Mul', inputs: ['m', 'm'], outputs: ['t'] }),
            branch('else_branch', { op: 'Neg', inputs: ['m'], outputs: ['e'] }),
          ],
        },
      ],
    });

  it('takes the known branch of an If whose condition is a constant or computed from shapes', async () => {
    const expected = await gradientOf(makeModel({ ...spec, nodes: plain }));
    // 3 is the size of m's last axis.
    const known: readonly NodeSpec[] = [
      { op: 'Shape', inputs: ['m'], outputs: ['shape'], attributes: { start: 1 } },
      { op: 'Constant', inputs: [], outputs: ['three'], attributes: { value_ints: [3] } },
      { op: 'Equal', inputs: ['shape', 'three'], outputs: ['c'] },
    ];
    expect(await gradientOf(choice(known))).toEqual(expected);
    const always = { op: 'Constant', inputs: [], outputs: ['c'], extra: [yes] };
    expect(await gradientOf(choice([always]))).toEqual(expected);
  });

  it('computes the gradient of the branch that an If takes at run time', async () => {
    const expected = await gradientOf(makeModel({ ...spec, nodes: plain }));
    // The maximum is finite, so the If takes the first branch.
    const decided: readonly NodeSpec[] = [
      { op: 'ReduceMax', inputs: ['m'], outputs: ['max'], attributes: { keepdims: 0 } },
      { op: 'IsInf', inputs: ['max'], outputs: ['infinite'] },
      { op: 'Not', inputs: ['infinite'], outputs: ['c'] },
    ];
    expect(await gradientOf(choice(decided))).toEqual(expected);
  });

  it('ignores trailing optional inputs with an empty name', async () => {
    // ONNX Runtime fuses a sum and a normalisation, and the fused operator would read the empty third input.
    const normalise = (inputs: readonly string[]): readonly NodeSpec[] => [
      { op: 'Mul', inputs: ['x', 'w'], outputs: ['m'] },
      { op: 'Add', inputs: ['m', 'x'], outputs: ['a'] },
      { op: 'LayerNormalization', inputs, outputs: ['y'] },
    ];
    expect(await gradientOf(makeModel({ ...spec, nodes: normalise(['a', 'w', '']) }))).toEqual(
      await gradientOf(makeModel({ ...spec, nodes: normalise(['a', 'w']) })),
    );
  });

  it('trains recurrent layers whose first axis is the batch', async () => {
    const weights: ModelSpec['initializers'] = [
      {
        name: 'w',
        type: float,
        dims: [1, 6, 2],
        values: [0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.2, 0.1, -0.3, 0.5, 0.4, -0.1],
      },
      {
        name: 'r',
        type: float,
        dims: [1, 6, 2],
        values: [0.3, 0.2, -0.1, 0.5, 0.4, -0.6, 0.1, -0.2, 0.3, 0.2, -0.4, 0.5],
      },
      { name: 'h', type: float, dims: [3, 1, 2], values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] },
    ];
    const layer = async (layout: number, nodes: readonly NodeSpec[]): Promise<Map<string, unknown>> => {
      const model = makeModel({
        inputs: [{ name: 'x', type: float, dims: [3, 4, 2] }],
        outputs: [{ name: 'y', type: float, dims: [3, 4, 1, 2] }],
        initializers: weights,
        nodes: nodes.map((node) =>
          node.op === 'GRU' && layout === 1 ? { ...node, attributes: { ...node.attributes, layout } } : node,
        ),
      });
      const trainer = await createTrainer(ort, model, options);
      const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
      const gradients = await trainer.gradients({
        x: new ort.Tensor('float32', x, [3, 4, 2]),
        target: new ort.Tensor('float32', new Float32Array(24), [3, 4, 1, 2]),
      });
      await trainer.dispose();
      return gradients;
    };
    const attributes = { hidden_size: 2 };
    const perm = (from: string, to: string, order: readonly number[]): NodeSpec => ({
      op: 'Transpose',
      inputs: [from],
      outputs: [to],
      attributes: { perm: order },
    });
    const batchFirst = [{ op: 'GRU', inputs: ['x', 'w', 'r', '', '', 'h'], outputs: ['y'], attributes }];
    const plainly = [
      perm('x', 'xt', [1, 0, 2]),
      perm('h', 'ht', [1, 0, 2]),
      { op: 'GRU', inputs: ['xt', 'w', 'r', '', '', 'ht'], outputs: ['yt'], attributes },
      perm('yt', 'y', [2, 0, 1, 3]),
    ];
    expect(await layer(1, batchFirst)).toEqual(await layer(0, plainly));
  });

  it('updates shared running statistics once for each of two batch normalisations, in order', async () => {
    const normalise = (from: string, to: string): NodeSpec => ({
      op: 'BatchNormalization',
      inputs: [from, 'w', 'bias', 'mean', 'variance'],
      outputs: [to, `${to}:mean`, `${to}:variance`],
      attributes: { momentum: { float: 0.5 }, training_mode: 1 },
    });
    const model = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      initializers: Object.entries({ w: 1, bias: 1, mean: 0, variance: 1 }).map(([name, value]) => ({
        name,
        type: float,
        dims: [3],
        values: [value, value, value],
      })),
      nodes: [normalise('x', 'n'), normalise('n', 'y')],
    });
    const trainer = await createTrainer(ort, model, options);
    await trainer.trainStep(batch, { lr: 0 });
    const exported = readModel(await trainer.exportModel()).graph.initializer;
    const [mean] = exported.filter(({ name }) => name === 'mean').map(floatData);
    // The first normalisation stores 0.5·mean(x). The second stores half of that plus half the mean of its own input,
    // which equals the first one's bias.
    [0, 1, 2].forEach((i) => {
      const first = ((batch.x.data[i] as number) + (batch.x.data[i + 3] as number)) / 4;
      expect(mean?.[i]).toBeCloseTo(0.5 * first + 0.5, 5);
    });
    expect((await trainer.evaluate([batch])).loss).toBeGreaterThan(0);
    await trainer.dispose();
  });

  it('keeps running statistics of an opset 13 batch normalisation in training mode', async () => {
    const model = makeModel({
      opset: 13,
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      initializers: Object.entries({ w: 1, bias: 0, mean: 0, variance: 1 }).map(([name, value]) => ({
        name,
        type: float,
        dims: [3],
        values: [value, value, value],
      })),
      nodes: [
        {
          op: 'BatchNormalization',
          inputs: ['x', 'w', 'bias', 'mean', 'variance'],
          outputs: ['y', 'm', 'v', 'sm', 'sv'],
          attributes: { momentum: { float: 0.5 } },
        },
      ],
    });
    const trainer = await createTrainer(ort, model, options);
    await trainer.trainStep(batch, { lr: 0.1 });
    const { state } = await trainer.snapshot();
    const mean = [0, 1, 2].map((i) => ((batch.x.data[i] as number) + (batch.x.data[i + 3] as number)) / 4);
    const [buffers] = Object.entries(state).filter(([name]) => name.startsWith('buffers'));
    expect(buffers?.[1].slice(0, 3)).toEqual(Float32Array.from(mean));
    await trainer.dispose();
  });
});
