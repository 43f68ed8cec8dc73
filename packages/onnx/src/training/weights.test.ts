import { create } from '@bufbuild/protobuf';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  constantNode,
  graphAttribute,
  type InitializerSpec,
  type ModelSpec,
  makeModel,
  type NodeSpec,
} from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { narrow } from '../format/half.ts';
import { AttributeProtoSchema, AttributeProto_AttributeType as AttributeType } from '../generated/onnx_pb.ts';
import { buildTrainingModel, createTrainer, type TrainerOptions } from '../index.ts';

const { FLOAT: float, INT64: long, BOOL: bool, FLOAT16: half } = DataType;
const wave = (length: number, pace: number): number[] =>
  Array.from({ length }, (_, i) => Math.fround(Math.sin(pace * (i + 1)) / 3));

const stored = (name: string, dims: readonly number[], pace = 0.7): InitializerSpec => ({
  name,
  type: float,
  dims,
  values: wave(
    dims.reduce((n, d) => n * d, 1),
    pace,
  ),
});
const first = stored('linear_0.w_0', [8, 6]);
const bias = stored('linear_0.b_0', [6], 1.1);
const last = stored('val_7', [6, 3], 1.7);

const io = {
  inputs: [{ name: 'x', type: float, dims: ['{batch}', 8] }],
  outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
} as const satisfies Partial<ModelSpec>;
const net: readonly NodeSpec[] = [
  { op: 'MatMul', inputs: ['x', 'linear_0.w_0'], outputs: ['h'] },
  { op: 'Add', inputs: ['h', 'linear_0.b_0'], outputs: ['a'] },
  { op: 'Tanh', inputs: ['a'], outputs: ['t'] },
  { op: 'MatMul', inputs: ['t', 'val_7'], outputs: ['y'] },
];
const tensor = (dims: readonly number[], pace = 2.3): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from(stored('', dims, pace).values as number[]), dims);
const batch = { x: tensor([5, 8]), target: tensor([5, 3], 0.3) };
const options: TrainerOptions = { loss: 'mse', optimizer: sgd({ momentum: 0.9 }) };

/** Trains three steps and exports the model. */
async function trained(
  file: Uint8Array,
  {
    feed = batch,
    ...more
  }: Partial<TrainerOptions> & { readonly feed?: Readonly<Record<string, ort.Tensor>> } = {},
) {
  const trainer = await createTrainer(ort, file, { ...options, ...more });
  const gradients = await trainer.gradients(feed);
  for (let step = 0; step < 3; step++) await (await trainer.trainStep(feed, { lr: 0.1 })).loss;
  const parameters = await trainer.parameters();
  const exported = await trainer.exportModel();
  const { untrained } = trainer;
  const { loss } = await trainer.evaluate([feed]);
  await trainer.dispose();
  return { gradients, parameters, exported, untrained, loss };
}

/** The loss of an exported file, computed by ONNX Runtime alone. */
async function lossOf(file: Uint8Array, feed: Readonly<Record<string, ort.Tensor>> = batch): Promise<number> {
  const session = await ort.InferenceSession.create(file);
  const { target, ...inputs } = feed;
  const { y } = await session.run(inputs);
  await session.release();
  const found = y?.data as Float32Array;
  const wanted = target?.data as Float32Array;
  return found.reduce((sum, value, i) => sum + (value - (wanted[i] as number)) ** 2, 0) / found.length;
}

const names = (file: Uint8Array, more: Partial<TrainerOptions> = {}): string[] =>
  buildTrainingModel(file, { loss: 'mse', optimizer: sgd(), ...more }).state.flatMap(({ role, parts }) =>
    role === 'parameters' ? parts.map(({ name }) => name) : [],
  );

describe('weights in Constant nodes', () => {
  const constants = makeModel({ ...io, nodes: [...[first, bias, last].map(constantNode), ...net] });

  it('give the same bits after training as initializers, and are named after their nodes’ outputs', async () => {
    const plain = await trained(makeModel({ ...io, nodes: net, initializers: [first, bias, last] }));
    const found = await trained(constants);
    expect([...found.parameters.keys()]).toEqual(['linear_0.w_0', 'linear_0.b_0', 'val_7']);
    expect(found.gradients).toEqual(plain.gradients);
    expect(found.parameters).toEqual(plain.parameters);
  });

  it('are written back in place, and every other byte is unchanged', async () => {
    const { exported, parameters, loss } = await trained(constants);
    expect(exported.length).toBe(constants.length);
    const changed = exported.reduce((n, byte, i) => n + (byte === constants[i] ? 0 : 1), 0);
    const elements = [...parameters.values()].reduce((n, { data }) => n + data.length, 0);
    expect(changed).toBeGreaterThan(elements);
    expect(changed).toBeLessThanOrEqual(4 * elements);
    expect(await lossOf(exported)).toBeCloseTo(loss, 6);
    const again = await createTrainer(ort, exported, options);
    expect(await again.parameters()).toEqual(parameters);
    await again.dispose();
  });

  it('may be lists of floats or 16-bit floats', async () => {
    const listed: NodeSpec = {
      op: 'Constant',
      inputs: [],
      outputs: ['linear_0.b_0'],
      extra: [
        create(AttributeProtoSchema, {
          name: 'value_floats',
          type: AttributeType.FLOATS,
          floats: bias.values as number[],
        }),
      ],
    };
    const list = makeModel({ ...io, nodes: [...[first, last].map(constantNode), listed, ...net] });
    expect((await trained(list)).parameters.get('linear_0.b_0')).toEqual(
      (await trained(constants)).parameters.get('linear_0.b_0'),
    );
    const exact = (values: readonly number[]): number[] => values.map((value) => Math.round(value * 64) / 64);
    const halfs = constantNode({ ...last, type: float, values: exact(last.values as number[]) });
    const held = halfs.extra?.[0]?.t;
    if (held) {
      held.rawData = new Uint8Array(narrow(exact(last.values as number[]), half).buffer as ArrayBuffer);
      held.dataType = half;
    }
    const cast: NodeSpec = { op: 'Cast', inputs: ['val_7'], outputs: ['wide'], attributes: { to: float } };
    const mixed = makeModel({
      ...io,
      nodes: [
        constantNode(first),
        halfs,
        cast,
        { op: 'MatMul', inputs: ['x', 'linear_0.w_0'], outputs: ['t'] },
        { op: 'MatMul', inputs: ['t', 'wide'], outputs: ['y'] },
      ],
    });
    const { exported, loss, parameters } = await trained(mixed);
    expect([...parameters.keys()]).toEqual(['linear_0.w_0', 'val_7']);
    expect(Math.abs((await lossOf(exported)) - loss)).toBeLessThan(1e-3);
  });
});

describe('weights inside functions, branches and loops', () => {
  it('are one tensor for all calls of a function', async () => {
    const w = stored('w', [3, 3]);
    const call = (from: string, to: string): NodeSpec => ({
      op: 'Layer',
      domain: 'own',
      inputs: [from],
      outputs: [to],
    });
    const body: readonly NodeSpec[] = [
      { op: 'MatMul', inputs: ['s', 'w'], outputs: ['m'] },
      { op: 'Tanh', inputs: ['m'], outputs: ['o'] },
    ];
    const called = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      nodes: [call('x', 'a'), call('a', 'y')],
      functions: [{ name: 'Layer', inputs: ['s'], outputs: ['o'], nodes: [constantNode(w), ...body] }],
    });
    const plain = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      initializers: [w],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
        { op: 'Tanh', inputs: ['m'], outputs: ['a'] },
        { op: 'MatMul', inputs: ['a', 'w'], outputs: ['n'] },
        { op: 'Tanh', inputs: ['n'], outputs: ['y'] },
      ],
    });
    const feed = { x: tensor([4, 3]), target: tensor([4, 3], 0.4) };
    const found = await trained(called, { feed });
    const wanted = await trained(plain, { feed });
    expect(found.parameters).toEqual(wanted.parameters);
    expect(await lossOf(found.exported, feed)).toBeCloseTo(found.loss, 6);
  });

  it('are one tensor for all steps of an unrolled loop, and separate tensors for two loops', async () => {
    const loop = (from: string, to: string, pace: number): NodeSpec => ({
      op: 'Loop',
      name: `loop_${to}`,
      inputs: ['rounds', 'yes', from],
      outputs: [to],
      extra: [
        graphAttribute('body', {
          inputs: [
            { name: 'i', type: long, dims: [] },
            { name: 'on', type: bool, dims: [] },
            { name: 's', type: float, dims: ['{batch}', 3] },
          ],
          outputs: [
            { name: 'still', type: bool, dims: [] },
            { name: 'next', type: float, dims: ['{batch}', 3] },
          ],
          initializers: [stored('w', [3, 3], pace)],
          nodes: [
            { op: 'MatMul', inputs: ['s', 'w'], outputs: ['m'] },
            { op: 'Tanh', inputs: ['m'], outputs: ['next'] },
            { op: 'Identity', inputs: ['on'], outputs: ['still'] },
          ],
        }),
      ],
    });
    const looped = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['{batch}', 3] }],
      outputs: [{ name: 'y', type: float, dims: ['{batch}', 3] }],
      initializers: [
        { name: 'rounds', type: long, dims: [], values: [2] },
        { name: 'yes', type: bool, dims: [], values: [1] },
      ],
      nodes: [loop('x', 'a', 0.7), loop('a', 'y', 1.3)],
    });
    const feed = { x: tensor([4, 3]), target: tensor([4, 3], 0.4) };
    const { exported, loss, parameters } = await trained(looped, { feed });
    expect([...parameters.keys()]).toEqual(['loop_a/body/w', 'loop_y/body/w']);
    expect(await lossOf(exported, feed)).toBeCloseTo(loss, 6);
  });
});

describe('tensors that are trained only if they are named', () => {
  const mask: InitializerSpec = {
    name: 'hidden',
    type: float,
    dims: [4, 4],
    values: Array.from({ length: 16 }, (_, i) => (i % 4 > i / 4 ? Number.NEGATIVE_INFINITY : 0)),
  };
  const half = { name: '/gelu/half', type: float, dims: [], values: [0.5] };
  const window: InitializerSpec = stored('/window', [1, 8]);
  const attention: readonly NodeSpec[] = [
    { op: 'Mul', inputs: ['x', '/window'], outputs: ['v'] },
    { op: 'MatMul', inputs: ['v', 'q'], outputs: ['Q'] },
    { op: 'Transpose', inputs: ['Q'], outputs: ['K'], attributes: { perm: [0, 2, 1] } },
    { op: 'MatMul', inputs: ['Q', 'K'], outputs: ['S'] },
    { op: 'Mul', inputs: ['S', '/gelu/half'], outputs: ['H'] },
    { op: 'Add', inputs: ['H', 'hidden'], outputs: ['A'] },
    { op: 'Softmax', inputs: ['A'], outputs: ['P'], attributes: { axis: -1 } },
    { op: 'MatMul', inputs: ['P', 'v'], outputs: ['y'] },
  ];
  const file = makeModel({
    inputs: [{ name: 'x', type: float, dims: ['{batch}', 4, 8] }],
    outputs: [{ name: 'y', type: float, dims: ['{batch}', 4, 8] }],
    initializers: [mask, stored('q', [8, 8])],
    nodes: [constantNode(half), constantNode(window), ...attention],
  });
  const feed = { x: tensor([2, 4, 8]), target: tensor([2, 4, 8], 0.3) };

  it('are masks with −∞, constants of formulas and windows, and the trainer lists those that are not scalars', async () => {
    const { parameters, exported, loss, untrained } = await trained(file, {
      feed,
      optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }),
    });
    expect([...parameters.keys()]).toEqual(['q']);
    expect(loss).not.toBeNaN();
    expect(untrained).toEqual([
      { name: 'hidden', dims: [4, 4], why: 'it holds numbers that are not finite' },
      { name: '/window', dims: [1, 8], why: 'it is a constant of a formula' },
    ]);
    expect(await lossOf(exported, feed)).toBeCloseTo(loss, 6);
  });

  it('are trained if a function picks them, but not if it picks all names or excludes others', () => {
    expect(names(file, { trainable: () => true })).toEqual(['q']);
    expect(names(file, { trainable: (name) => !name.startsWith('k') })).toEqual(['q']);
    expect(names(file, { trainable: (name) => name === '/window' || name === 'q' })).toEqual([
      'q',
      '/window',
    ]);
    expect(names(file, { trainable: (name) => /half/.test(name) })).toEqual(['/gelu/half']);
  });
});

describe('the scale of a dynamically quantised product', () => {
  const scaled: Readonly<Record<string, readonly NodeSpec[]>> = {
    'multiplied with the scale of the inputs': [
      { op: 'Mul', inputs: ['s', 'wscale'], outputs: ['both'] },
      { op: 'Mul', inputs: ['f', 'both'], outputs: ['h'] },
    ],
    'multiplied after the product': [
      { op: 'Mul', inputs: ['f', 's'], outputs: ['g'] },
      { op: 'Mul', inputs: ['g', 'wscale'], outputs: ['h'] },
    ],
  };
  it.each(Object.entries(scaled))(
    'is not trained, because it belongs to stored integers: %s',
    async (_, scales) => {
      const file = makeModel({
        ...io,
        opset: 17,
        initializers: [
          {
            name: 'integers',
            type: DataType.INT8,
            dims: [8, 6],
            values: Array.from({ length: 48 }, (_, i) => ((37 * i) % 200) - 100),
          },
          { name: 'wscale', type: float, dims: [], values: [0.01] },
          last,
        ],
        nodes: [
          { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 's', 'z'] },
          { op: 'MatMulInteger', inputs: ['q', 'integers', 'z'], outputs: ['i'] },
          { op: 'Cast', inputs: ['i'], outputs: ['f'], attributes: { to: float } },
          ...scales,
          { op: 'MatMul', inputs: ['h', 'val_7'], outputs: ['y'] },
        ],
      });
      const { gradients } = await trained(file);
      expect([...gradients.keys()]).toEqual(['integers', 'val_7']);
    },
  );
});
