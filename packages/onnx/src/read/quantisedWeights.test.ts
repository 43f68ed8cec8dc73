import { create } from '@bufbuild/protobuf';
import { adam, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/checkGradient.ts';
import { directions } from '../../test/directions.ts';
import { type InitializerSpec, makeModel, type NodeSpec } from '../../test/makeModel.ts';
import { unrounded } from '../../test/unrounded.ts';
import { DataType } from '../format/dataType.ts';
import { integersOf, integersToBytes } from '../format/integers.ts';
import { readModel } from '../format/model.ts';
import { type TensorProto, TensorProtoSchema } from '../generated/onnx_pb.ts';
import { createTrainer, describeModel, freezeExcept } from '../index.ts';

const { FLOAT: float, INT8: int8, UINT8: uint8, INT32: int32, INT4: int4 } = DataType;
const ms = 'com.microsoft';
/** On x64 processors without VNNI, ONNX Runtime's integer products overflow unless they are asked to be precise. */
const quiet = { logSeverityLevel: 4, extra: { session: { x64quantprecision: '1' } } } as const;
const draw = random(3);
const whole = (count: number, low: number, high: number): number[] =>
  Array.from({ length: count }, () => low + Math.floor(draw() * (high - low + 1)));
const normal = (count: number): Float32Array => Float32Array.from({ length: count }, () => 2 * draw() - 1);
const store = (
  name: string,
  type: number,
  dims: readonly number[],
  values: readonly number[],
): InitializerSpec => ({
  name,
  type,
  dims,
  values,
});
const integers = (
  name: string,
  type: number,
  dims: readonly number[],
  values: readonly number[],
): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType: type,
    dims: dims.map(BigInt),
    rawData: integersToBytes(type, Int32Array.from(values)),
  });

/** A model from x [5, 8] (or an image [5, 2, 2, 2]) to y [5, 3]. `v` [6, 3] is a float head after h [5, 6]. */
interface Case {
  readonly nodes: readonly NodeSpec[];
  readonly initializers: readonly InitializerSpec[];
  readonly tensors?: readonly TensorProto[];
  readonly opset?: number;
  /** Whether no value after the weights is rounded. Only then do finite differences agree with the gradients. */
  readonly smooth: boolean;
  readonly trained: readonly string[];
}

const head: NodeSpec = { op: 'MatMul', inputs: ['h', 'v'], outputs: ['y'] };
const v = store('v', float, [6, 3], [...normal(18)]);
const w = store('w', int8, [8, 6], whole(48, -127, 127));
const scale = store('s', float, [], [0.01]);
const dynamic: NodeSpec = { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 'qs', 'qz'] };
const cast: NodeSpec = { op: 'Cast', inputs: ['i'], outputs: ['f'], attributes: { to: float } };
const image: NodeSpec = { op: 'Reshape', inputs: ['x', 'image'], outputs: ['X'] };
const shapes = [
  store('image', DataType.INT64, [4], [-1, 2, 2, 2]),
  store('rows', DataType.INT64, [2], [-1, 6]),
];
const kernel = store('w', int8, [6, 2, 2, 2], whole(48, -127, 127));
const rows = (from: string): NodeSpec => ({ op: 'Reshape', inputs: [from, 'rows'], outputs: ['h'] });
const rounding = [
  store('xs', float, [], [0.01]),
  store('xz', uint8, [], [128]),
  store('ys', float, [], [0.02]),
  store('yz', uint8, [], [120]),
];
const quantize = (from: string): NodeSpec => ({
  op: 'QuantizeLinear',
  inputs: [from, 'xs', 'xz'],
  outputs: ['q'],
});

const cases: Readonly<Record<string, Case>> = {
  'QDQ, one scale, an int32 bias': {
    nodes: [
      quantize('x'),
      { op: 'DequantizeLinear', inputs: ['q', 'xs', 'xz'], outputs: ['d'] },
      { op: 'DequantizeLinear', inputs: ['w', 's', 'z'], outputs: ['dw'] },
      { op: 'DequantizeLinear', inputs: ['b', 'bs'], outputs: ['db'] },
      { op: 'Gemm', inputs: ['d', 'dw', 'db'], outputs: ['h'] },
      head,
    ],
    initializers: [
      w,
      scale,
      v,
      store('z', int8, [], [3]),
      store('b', int32, [6], whole(6, -5000, 5000)),
      store('bs', float, [], [1e-4]),
      ...rounding,
    ],
    smooth: true,
    trained: ['w', 'v', 'b'],
  },
  'QDQ, a scale for each channel, rounded outputs': {
    nodes: [
      image,
      { op: 'DequantizeLinear', inputs: ['w', 'cs', 'cz'], outputs: ['dw'], attributes: { axis: 0 } },
      { op: 'Conv', inputs: ['X', 'dw'], outputs: ['c'] },
      { op: 'QuantizeLinear', inputs: ['c', 'ys', 'yz'], outputs: ['cq'] },
      { op: 'DequantizeLinear', inputs: ['cq', 'ys', 'yz'], outputs: ['d'] },
      rows('d'),
      head,
    ],
    initializers: [
      kernel,
      v,
      store('cs', float, [6], [0.01, 0.02, 0.005, 0.01, 0.015, 0.01]),
      store('cz', int8, [6], [0, 1, 2, 3, 4, 5]),
      ...shapes,
      ...rounding,
    ],
    smooth: false,
    trained: ['w', 'v'],
  },
  'int4 with a scale for each block': {
    opset: 21,
    nodes: [
      {
        op: 'DequantizeLinear',
        inputs: ['n', 'ns'],
        outputs: ['dw'],
        attributes: { axis: 0, block_size: 4 },
      },
      { op: 'MatMul', inputs: ['x', 'dw'], outputs: ['h'] },
      head,
    ],
    initializers: [
      v,
      store(
        'ns',
        float,
        [2, 6],
        whole(12, 1, 20).map((value) => value / 50),
      ),
    ],
    tensors: [integers('n', int4, [8, 6], whole(48, -8, 7))],
    smooth: true,
    trained: ['n', 'v'],
  },
  'dynamic quantisation, both scales multiplied first': {
    nodes: [
      dynamic,
      { op: 'MatMulInteger', inputs: ['q', 'w', 'qz', 'z'], outputs: ['i'] },
      cast,
      { op: 'Mul', inputs: ['qs', 's'], outputs: ['m'] },
      { op: 'Mul', inputs: ['f', 'm'], outputs: ['h'] },
      head,
    ],
    initializers: [w, scale, v, store('z', int8, [], [5])],
    smooth: true,
    trained: ['w', 'v'],
  },
  'dynamic quantisation, one scale after the other, a scale for each column': {
    nodes: [
      dynamic,
      { op: 'MatMulInteger', inputs: ['q', 'w', 'qz'], outputs: ['i'] },
      cast,
      { op: 'Mul', inputs: ['f', 'qs'], outputs: ['m'] },
      { op: 'Mul', inputs: ['m', 'cs'], outputs: ['h'] },
      head,
    ],
    initializers: [w, v, store('cs', float, [6], [0.01, 0.02, 0.005, 0.01, 0.015, 0.01])],
    smooth: true,
    trained: ['w', 'v'],
  },
  ConvInteger: {
    nodes: [
      image,
      { ...dynamic, inputs: ['X'] },
      { op: 'ConvInteger', inputs: ['q', 'w', 'qz'], outputs: ['i'] },
      cast,
      { op: 'Mul', inputs: ['qs', 's'], outputs: ['m'] },
      { op: 'Mul', inputs: ['f', 'm'], outputs: ['c'] },
      rows('c'),
      head,
    ],
    initializers: [kernel, scale, v, ...shapes],
    smooth: true,
    trained: ['w', 'v'],
  },
  QLinearMatMul: {
    nodes: [
      quantize('x'),
      { op: 'QLinearMatMul', inputs: ['q', 'xs', 'xz', 'w', 's', 'z', 'ys', 'yz'], outputs: ['p'] },
      { op: 'DequantizeLinear', inputs: ['p', 'ys', 'yz'], outputs: ['h'] },
      head,
    ],
    initializers: [w, scale, v, store('z', int8, [], [0]), ...rounding],
    smooth: false,
    trained: ['w', 'v'],
  },
  'QLinearConv with a bias, a MaxPool of integers and a QLinearAdd': {
    nodes: [
      image,
      quantize('X'),
      { op: 'QLinearConv', inputs: ['q', 'xs', 'xz', 'w', 's', 'z', 'ys', 'yz', 'b'], outputs: ['p'] },
      { op: 'MaxPool', inputs: ['p'], outputs: ['mp'], attributes: { kernel_shape: [1, 1] } },
      {
        op: 'QLinearAdd',
        domain: ms,
        inputs: ['p', 'ys', 'yz', 'mp', 'ys', 'yz', 'ys', 'yz'],
        outputs: ['a'],
      },
      { op: 'DequantizeLinear', inputs: ['a', 'ys', 'yz'], outputs: ['d'] },
      rows('d'),
      head,
    ],
    initializers: [
      kernel,
      scale,
      v,
      store('z', int8, [], [0]),
      store('b', int32, [6], whole(6, -3000, 3000)),
      ...rounding,
      ...shapes,
    ],
    smooth: false,
    trained: ['w', 'v', 'b'],
  },
  'MatMulNBits with zero points and a partly filled last block': {
    nodes: [
      { op: 'Concat', inputs: ['x', 'x', 'x', 'x', 'x'], outputs: ['wide'], attributes: { axis: 1 } },
      {
        op: 'MatMulNBits',
        domain: ms,
        inputs: ['wide', 'n', 'ns', 'nz'],
        outputs: ['h'],
        attributes: { K: 40, N: 6, bits: 4, block_size: 16 },
      },
      head,
    ],
    initializers: [
      v,
      store('n', uint8, [6, 3, 8], whole(144, 0, 255)),
      store(
        'ns',
        float,
        [18],
        whole(18, 1, 9).map((value) => value / 50),
      ),
      store('nz', uint8, [12], whole(12, 0, 255)),
    ],
    smooth: true,
    trained: ['v', 'n'],
  },
  MatMulIntegerToFloat: {
    nodes: [
      dynamic,
      {
        op: 'MatMulIntegerToFloat',
        domain: ms,
        inputs: ['q', 'w', 'qs', 's', 'qz', '', 'bias'],
        outputs: ['h'],
      },
      head,
    ],
    initializers: [w, scale, v, store('bias', float, [6], [...normal(6)])],
    smooth: true,
    trained: ['w', 'v', 'bias'],
  },
  DynamicQuantizeMatMul: {
    nodes: [{ op: 'DynamicQuantizeMatMul', domain: ms, inputs: ['x', 'w', 's'], outputs: ['h'] }, head],
    initializers: [w, scale, v],
    smooth: true,
    trained: ['w', 'v'],
  },
};

const x = new ort.Tensor('float32', normal(40), [5, 8]);
const target = new ort.Tensor('float32', normal(15), [5, 3]);
const fileOf = ({ nodes, initializers, tensors = [], opset = 18 }: Case): Uint8Array =>
  makeModel({
    opset,
    domains: { [ms]: 1 },
    inputs: [{ name: 'x', type: float, dims: ['{n}', 8] }],
    outputs: [{ name: 'y', type: float, dims: ['{n}', 3] }],
    nodes,
    initializers,
    tensors,
  });

/** The mean squared error of a file in ONNX Runtime, without clr. */
async function errorOf(file: Uint8Array): Promise<number> {
  const session = await ort.InferenceSession.create(file, quiet);
  const { y } = await session.run({ x });
  await session.release();
  const squares = Array.from(
    y?.data as Float32Array,
    (value, i) => (value - (target.data[i] as number)) ** 2,
  );
  return squares.reduce((a, b) => a + b) / squares.length;
}

describe.each(Object.entries(cases))('quantised weights: %s', (_name, c) => {
  const file = fileOf(c);
  const options = { loss: 'mse', optimizer: adam(), session: quiet } as const;

  it('are floats in training, and keep their integers in an export before the first step', async () => {
    const trainer = await createTrainer(ort, file, options);
    expect([...(await trainer.parameters()).keys()].sort()).toEqual([...c.trained].sort());
    const [loss, wanted] = [(await trainer.evaluate([{ x, target }])).loss, await errorOf(file)];
    // Integer products and float sums differ by rounding errors, which may move a value to the next integer.
    expect(Math.abs(loss - wanted) / wanted).toBeLessThan(c.smooth ? 1e-5 : 1e-2);
    expect(Buffer.compare(await trainer.exportModel(), file)).toBe(0);
    await trainer.dispose();
  });

  it.runIf(c.smooth)('have gradients that agree with central differences, up to rounding', async () => {
    const options = { loss: 'mse', optimizer: sgd() } as const;
    const found = await directions(ort, file, options, { x, target }, { smooth: unrounded });
    for (const { error } of found) expect(error).toBeLessThan(1e-3);
  });

  it('are trained, and rounded back to integers in the export', async () => {
    const trainer = await createTrainer(ort, file, options);
    const before = await errorOf(file);
    for (let step = 0; step < 40; step++) await trainer.trainStep({ x, target }, { lr: 0.02 });
    const { loss } = await trainer.evaluate([{ x, target }]);
    expect(loss).toBeLessThan(0.75 * before);
    const exported = await trainer.exportModel();
    await trainer.dispose();
    expect(exported.length).toBe(file.length);
    expect(Buffer.compare(exported, file)).not.toBe(0);
    // The evaluated loss equals that of the exported file.
    expect(Math.abs(loss - (await errorOf(exported))) / loss).toBeLessThan(c.smooth ? 1e-5 : 2e-2);
  });
});

describe('quantised weights', () => {
  const { 'dynamic quantisation, both scales multiplied first': c } = cases as {
    'dynamic quantisation, both scales multiplied first': Case;
  };

  it('are not parameters if `trainable` leaves them out', async () => {
    const trainable = (name: string): boolean => name === 'v';
    const trainer = await createTrainer(ort, fileOf(c), { loss: 'mse', optimizer: sgd(), trainable });
    expect([...(await trainer.parameters()).keys()]).toEqual(['v']);
    await trainer.dispose();
  });

  it('are described with their type in the file', () => {
    const { weights } = describeModel(fileOf(c));
    expect(weights.find(({ name }) => name === 'w')).toMatchObject({
      type: 'int8',
      dims: [8, 6],
      trained: true,
    });
    expect(weights.find(({ name }) => name === 's')).toMatchObject({ trained: false });
  });

  it.each(Object.entries(cases))('count as layers in freezeExcept: %s', (_name, { trained, ...rest }) => {
    const file = fileOf({ trained, ...rest });
    const picked = (keep: Parameters<typeof freezeExcept>[1]): string[] =>
      trained.filter(freezeExcept(file, keep));
    expect(picked(1)).toEqual(['v']);
    expect(picked(2)).toEqual(trained);
    expect(picked((name) => name !== 'v')).toEqual(trained.filter((name) => name !== 'v'));
  });

  // The expected values and gradients are those of torch.fake_quantize_per_channel_affine(w, scale, zero, 0, -128,
  // 127), for the master weights after the step.
  it("are rounded and clipped in training as by PyTorch's fake_quantize", async () => {
    const file = makeModel({
      inputs: [{ name: 'x', type: float, dims: [2, 3] }],
      outputs: [{ name: 'loss', type: float, dims: [] }],
      initializers: [
        store('w', int8, [2, 3], [127, -128, 3, 100, -100, 0]),
        store('cs', float, [2], [0.5, 0.25]),
        store('cz', int8, [2], [0, 5]),
      ],
      nodes: [
        { op: 'DequantizeLinear', inputs: ['w', 'cs', 'cz'], outputs: ['dw'], attributes: { axis: 0 } },
        { op: 'Mul', inputs: ['dw', 'x'], outputs: ['y'] },
        { op: 'ReduceSum', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
      ],
    });
    const batch = { x: new ort.Tensor('float32', Float32Array.of(-1, 1, 0.3, 2, -0.2, 0.05), [2, 3]) };
    const trainer = await createTrainer(ort, file, {
      loss: { output: 'loss' },
      optimizer: sgd(),
      session: quiet,
    });
    await trainer.trainStep(batch, { lr: 1 });
    const slopes = (await trainer.gradients(batch)).get('w')?.data ?? [];
    const { loss } = await trainer.evaluate([batch]);
    const exported = readModel(await trainer.exportModel()).graph.initializer.find(
      ({ name }) => name === 'w',
    );
    await trainer.dispose();
    expect(Array.from(slopes)).toEqual([0, 0, 0.3, 2, -0.2, 0.05].map(Math.fround));
    expect(Array.from(integersOf(exported as TensorProto))).toEqual([127, -128, 2, 92, -99, 0]);
    expect(loss).toBeCloseTo(-78.5625, 5);
  });

  it('pass gradients to earlier weights through a frozen MatMulNBits', async () => {
    const nbits = cases['MatMulNBits with zero points and a partly filled last block'] as Case;
    const nodes = [{ op: 'Mul', inputs: ['x', 'u'], outputs: ['xu'] }, ...nbits.nodes].map((node) =>
      node.op === 'Concat' ? { ...node, inputs: node.inputs.map(() => 'xu') } : node,
    );
    const initializers = [...nbits.initializers, store('u', float, [8], [...normal(8)])];
    const trainable = (name: string): boolean => name === 'u';
    const found = await directions(
      ort,
      fileOf({ ...nbits, nodes, initializers }),
      { loss: 'mse', optimizer: sgd(), trainable },
      { x, target },
    );
    for (const { error } of found) expect(error).toBeLessThan(1e-3);
  });
});
