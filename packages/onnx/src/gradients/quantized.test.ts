import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type InitializerSpec, makeModel, type NodeSpec, type ValueSpec } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, UnsupportedOperatorError } from '../index.ts';

const { FLOAT: float, UINT8: uint8, INT8: int8 } = DataType;
const ms = 'com.microsoft';
const quiet = { logSeverityLevel: 4 } as const;

/** The quantised part of a model, which maps `from` [n, 4] to h [n, 2]. */
interface Body {
  readonly nodes: (from: string) => NodeSpec[];
  readonly initializers?: readonly InitializerSpec[];
  /** The last quantised (or unknown) operator. */
  readonly last: string;
}

const scalar = (name: string, value: number, type: number = float): InitializerSpec => ({
  name,
  type,
  dims: [],
  values: [value],
});
const scales = [scalar('s', 0.02), scalar('zero', 128, uint8), scalar('t', 0.05), scalar('none', 0, int8)];
const weights: InitializerSpec = {
  name: 'W',
  type: int8,
  dims: [4, 2],
  values: [-20, 30, 50, -10, 7, 90, -64, 11],
};
const kernel: InitializerSpec = { ...weights, dims: [2, 1, 2, 2] };
const quantize = (from: string): NodeSpec => ({
  op: 'QuantizeLinear',
  inputs: [from, 's', 'zero'],
  outputs: ['q'],
});
const dequantize: NodeSpec = { op: 'DequantizeLinear', inputs: ['p', 't', 'zero'], outputs: ['h'] };
const dynamic = (from: string): NodeSpec => ({
  op: 'DynamicQuantizeLinear',
  inputs: [from],
  outputs: ['q', 'qs', 'qz'],
});
const scaled: NodeSpec[] = [
  { op: 'Cast', inputs: ['i'], outputs: ['f'], attributes: { to: float } },
  { op: 'Mul', inputs: ['f', 'qs'], outputs: ['r'] },
  { op: 'Mul', inputs: ['r', 's'], outputs: ['h'] },
];
const image: InitializerSpec = { name: 'image', type: DataType.INT64, dims: [4], values: [-1, 1, 2, 2] };
const asImage = (from: string): NodeSpec => ({ op: 'Reshape', inputs: [from, 'image'], outputs: ['X'] });
const flatten = (from: string): NodeSpec => ({ op: 'Flatten', inputs: [from], outputs: ['h'] });

const bodies: Readonly<Record<string, Body>> = {
  'MatMulInteger with DynamicQuantizeLinear': {
    nodes: (from) => [
      dynamic(from),
      { op: 'MatMulInteger', inputs: ['q', 'W', 'qz'], outputs: ['i'] },
      ...scaled,
    ],
    initializers: [weights, ...scales],
    last: 'MatMulInteger',
  },
  ConvInteger: {
    nodes: (from) => [
      asImage(from),
      dynamic('X'),
      { op: 'ConvInteger', inputs: ['q', 'W', 'qz'], outputs: ['i'] },
      ...scaled.slice(0, 2),
      flatten('r'),
    ],
    initializers: [kernel, image],
    last: 'ConvInteger',
  },
  QLinearMatMul: {
    nodes: (from) => [
      quantize(from),
      {
        op: 'QLinearMatMul',
        inputs: ['q', 's', 'zero', 'W', 's', 'none', 't', 'zero'],
        outputs: ['p'],
      },
      dequantize,
    ],
    initializers: [weights, ...scales],
    last: 'DequantizeLinear',
  },
  QLinearConv: {
    nodes: (from) => [
      asImage(from),
      quantize('X'),
      { op: 'QLinearConv', inputs: ['q', 's', 'zero', 'W', 's', 'none', 't', 'zero'], outputs: ['p'] },
      { ...dequantize, outputs: ['d'] },
      flatten('d'),
    ],
    initializers: [kernel, image, ...scales],
    last: 'DequantizeLinear',
  },
  'QuantizeLinear and DequantizeLinear around a product': {
    nodes: (from) => [
      quantize(from),
      { op: 'DequantizeLinear', inputs: ['q', 's', 'zero'], outputs: ['d'] },
      { op: 'DequantizeLinear', inputs: ['W', 's', 'none'], outputs: ['e'] },
      { op: 'MatMul', inputs: ['d', 'e'], outputs: ['h'] },
    ],
    initializers: [weights, ...scales],
    last: 'DequantizeLinear',
  },
  'MatMulIntegerToFloat, an operator of ONNX Runtime only': {
    nodes: (from) => [
      dynamic(from),
      {
        op: 'MatMulIntegerToFloat',
        domain: ms,
        inputs: ['q', 'W', 'qs', 's', 'qz'],
        outputs: ['h'],
      },
    ],
    initializers: [weights, ...scales],
    last: `${ms}:MatMulIntegerToFloat`,
  },
  DynamicQuantizeMatMul: {
    nodes: (from) => [{ op: 'DynamicQuantizeMatMul', domain: ms, inputs: [from, 'W', 's'], outputs: ['h'] }],
    initializers: [weights, ...scales],
    last: `${ms}:DynamicQuantizeMatMul`,
  },
  'an operator that is unknown here': {
    nodes: (from) => [
      {
        op: 'FusedGemm',
        domain: ms,
        inputs: [from, 'F'],
        outputs: ['h'],
        attributes: { activation: 'Tanh' },
      },
    ],
    initializers: [{ ...weights, name: 'F', type: float, values: weights.values.map((v) => v / 50) }],
    last: `${ms}:FusedGemm`,
  },
};

const v0 = [0.5, -1, 2, 0.25];
const c0 = [0.1, -0.2];
const heads: Readonly<Record<string, NodeSpec[]>> = {
  'a product and a sum': [
    { op: 'MatMul', inputs: ['h', 'v'], outputs: ['m'] },
    { op: 'Add', inputs: ['m', 'c'], outputs: ['y'] },
  ],
  Gemm: [{ op: 'Gemm', inputs: ['h', 'v', 'c'], outputs: ['y'] }],
};
const head: InitializerSpec[] = [
  { name: 'v', type: float, dims: [2, 2], values: v0 },
  { name: 'c', type: float, dims: [2], values: c0 },
];
const isHead = (name: string): boolean => name === 'v' || name === 'c';

const rows = 3;
const x = Array.from({ length: 4 * rows }, (_, i) => Math.sin(i + 1));
const target = Array.from({ length: 2 * rows }, (_, i) => Math.cos(i));
const tensor = (values: readonly number[], dims: number[]): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from(values), dims);

function model(
  body: Body,
  from: string,
  nodes: readonly NodeSpec[],
  output: ValueSpec,
  u: readonly number[] = [1, 2, 3, 4],
): Uint8Array {
  const weighted: NodeSpec[] = from === 'x' ? [] : [{ op: 'Mul', inputs: ['x', 'u'], outputs: [from] }];
  return makeModel({
    opset: 17,
    domains: { [ms]: 1 },
    inputs: [{ name: 'x', type: float, dims: ['{n}', 4] }],
    outputs: [output],
    initializers: [
      ...(body.initializers ?? []),
      ...(nodes.length > 0 ? head : []),
      ...(from === 'x' ? [] : [{ name: 'u', type: float, dims: [4], values: u }]),
    ],
    nodes: [...weighted, ...body.nodes(from), ...nodes],
  });
}

/** The body's output in the runtime. */
async function bodyOutput(body: Body, from: readonly number[] = x): Promise<number[]> {
  const bytes = model(body, 'x', [], { name: 'h', type: float, dims: ['{n}', 2] });
  const session = await ort.InferenceSession.create(bytes, quiet);
  const { h } = await session.run({ x: tensor(from, [rows, 4]) });
  await session.release();
  return Array.from(h?.data as Float32Array);
}

const y: ValueSpec = { name: 'y', type: float, dims: ['{n}', 2] };
const each = Object.entries(bodies).flatMap(([name, body]) =>
  Object.entries(heads).map(([kind, nodes]) => [name, kind, body, nodes] as const),
);

describe('a model with quantised operators, in a file without shapes', () => {
  it.each(each)('%s: trains the float head after these operators (%s)', async (_name, _kind, body, nodes) => {
    const h = await bodyOutput(body);
    expect(new Set(h).size).toBeGreaterThan(2);
    const trainer = await createTrainer(ort, model(body, 'x', nodes, y), {
      loss: 'mse',
      optimizer: sgd(),
      trainable: isHead,
      session: quiet,
    });
    const gradients = await trainer.gradients({
      x: tensor(x, [rows, 4]),
      target: tensor(target, [rows, 2]),
    });
    await trainer.dispose();
    // The gradient of mean((h·v + c − target)²), computed directly.
    const errors = target.map((wanted, i) => {
      const [row, column] = [i >> 1, i % 2];
      const product = [0, 1].reduce((s, k) => s + h[2 * row + k]! * v0[2 * k + column]!, c0[column]!);
      return (2 / target.length) * (product - wanted);
    });
    const sum = (term: (row: number) => number): number =>
      Array.from({ length: rows }, (_, row) => term(row)).reduce((a, b) => a + b);
    const v = v0.map((_, i) => sum((row) => h[2 * row + (i >> 1)]! * errors[2 * row + (i % 2)]!));
    const c = c0.map((_, i) => sum((row) => errors[2 * row + i]!));
    for (const [name, expected] of Object.entries({ v, c })) {
      expected.forEach((value, i) => {
        expect(Math.abs((gradients.get(name)?.data[i] as number) - value)).toBeLessThan(
          1e-5 * (1 + Math.abs(value)),
        );
      });
    }
  });

  const known = Object.entries(bodies).filter(([, body]) => body.last !== `${ms}:FusedGemm`);

  it.each(known)('%s: passes the gradient straight through to an earlier weight', async (name, body) => {
    const u = [1, 0.5, -0.25, 2];
    const moved = x.map((value, i) => value * u[i % 4]!);
    const h = await bodyOutput(body, moved);
    const nodes = heads.Gemm as NodeSpec[];
    const trainable = (stored: string): boolean => stored === 'u';
    const options = { loss: 'mse', optimizer: sgd(), trainable, session: quiet } as const;
    const trainer = await createTrainer(ort, model(body, 'w', nodes, y, u), options);
    const gradients = await trainer.gradients({
      x: tensor(x, [rows, 4]),
      target: tensor(target, [rows, 2]),
    });
    await trainer.dispose();
    // The body acts as a product with the dequantised weights: W [4, 2], or a kernel [2, 1, 2, 2] of the image's size.
    const scale = name === 'ConvInteger' ? 1 : 0.02;
    const conv = name.includes('Conv');
    const weight = (k: number, j: number): number =>
      scale * (conv ? weights.values[4 * j + k]! : weights.values[2 * k + j]!);
    const errors = target.map((wanted, i) => {
      const [row, column] = [i >> 1, i % 2];
      const product = [0, 1].reduce((s, k) => s + h[2 * row + k]! * v0[2 * k + column]!, c0[column]!);
      return (2 / target.length) * (product - wanted);
    });
    const slopes = u.map((_, k) =>
      Array.from({ length: rows }, (_unused, row) => {
        const toH = [0, 1].map((j) => [0, 1].reduce((s, c) => s + errors[2 * row + c]! * v0[2 * j + c]!, 0));
        return x[4 * row + k]! * (weight(k, 0) * toH[0]! + weight(k, 1) * toH[1]!);
      }).reduce((a, b) => a + b),
    );
    slopes.forEach((value, i) => {
      const found = gradients.get('u')?.data[i] as number;
      expect(Math.abs(found - value)).toBeLessThan(1e-5 * (1 + Math.abs(value)));
    });
  });

  it('is refused if a trained weight comes before an unknown operator', async () => {
    const nodes = heads.Gemm as NodeSpec[];
    const trainable = (name: string): boolean => name === 'u';
    const body = bodies['an operator that is unknown here'] as Body;
    const made = createTrainer(ort, model(body, 'w', nodes, y), { loss: 'mse', optimizer: sgd(), trainable });
    const error = await made.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsupportedOperatorError);
    expect((error as UnsupportedOperatorError).operator).toBe(body.last);
  });
});
