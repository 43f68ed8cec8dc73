import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import { createTrainer } from '../src/index.ts';
import { random } from './checkGradient.ts';
import { type ModelSpec, makeModel, type NodeSpec } from './makeModel.ts';

// Each test checks the row of docs/known-differences.md whose name its title begins with. If a test fails after an
// upgrade, the behaviour has changed: update the row, and clr's handling of it.

const { FLOAT, INT64 } = DataType;
type Values = readonly number[];

/** A tensor of float32, or of int64 for positions and labels. */
const floats = (values: Values, dims: Values = [values.length]): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from(values), dims);
const ints = (values: Values, dims: Values = [values.length]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);

const open = (model: ModelSpec): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(makeModel(model), { logSeverityLevel: 4, graphOptimizationLevel: 'disabled' });

/** Runs one node on tensors and returns its outputs as numbers. */
async function run(
  op: string,
  inputs: readonly (ort.Tensor | undefined)[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  { opset = 18, outputs = 1 } = {},
): Promise<number[][]> {
  const names = inputs.map((tensor, i) => (tensor ? `x${i}` : ''));
  const types = { float32: FLOAT, int64: INT64 } as const;
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const session = await open({
    opset,
    inputs: inputs.flatMap((tensor, i) =>
      tensor ? [{ name: names[i]!, type: types[tensor.type as 'int64'], dims: tensor.dims }] : [],
    ),
    outputs: results.map((name, i) => ({ name, type: i === 1 ? INT64 : FLOAT, dims: undefined })),
    nodes: [{ op, inputs: names, outputs: results, attributes }],
  });
  const feeds = inputs.flatMap((tensor, i) => (tensor ? [[names[i], tensor] as const] : []));
  const found = await session.run(Object.fromEntries(feeds));
  await session.release();
  return results.map((name) => Array.from(found[name]!.data as Float32Array, Number));
}

describe('onnxruntime-node 1.30.0, CPU', () => {
  it('is the version for which the rows were measured', () => {
    expect(ort.env.versions.node).toBe('1.30.0');
  });

  it('ort-shape-inference: Shape is folded to the size that ONNX infers, not to that of the kernel', async () => {
    const session = await ort.InferenceSession.create(
      makeModel({
        inputs: [{ name: 'x', type: FLOAT, dims: [1, 1, 2] }],
        outputs: [
          { name: 'y', type: FLOAT, dims: undefined },
          { name: 'shape', type: INT64, dims: undefined },
        ],
        nodes: [
          {
            op: 'MaxPool',
            inputs: ['x'],
            outputs: ['y'],
            attributes: { kernel_shape: [1], strides: [3], ceil_mode: 1 },
          },
          { op: 'Shape', inputs: ['y'], outputs: ['shape'] },
        ],
      }),
      { logSeverityLevel: 4 },
    );
    const { y, shape } = await session.run({ x: floats([1, 2], [1, 1, 2]) });
    await session.release();
    expect(y!.dims).toEqual([1, 1, 1]);
    expect(Array.from(shape!.data as BigInt64Array, Number)).toEqual([1, 1, 2]);
  });

  it('ort-resize-float32: Resize by scales computes the output size as the floor of a float32 product', async () => {
    const [row] = await run('Resize', [
      floats(Array(10).fill(1), [1, 1, 10]),
      undefined,
      floats([1, 1, 0.7]),
    ]);
    expect(Math.floor(10 * Math.fround(0.7))).toBe(6);
    expect(row).toHaveLength(7);
  });

  const roi = [floats([1, 2, 3, 4], [1, 1, 2, 2]), floats([0, 0, 0, 1, 1], [1, 5])];
  it.each<[string, readonly ort.Tensor[], number, Record<string, AttributeValue>]>([
    ['RandomNormal', [], 22, { shape: [1] }],
    ['RandomNormalLike', [floats([1])], 22, {}],
    ['RandomUniform', [], 22, { shape: [1] }],
    ['RandomUniformLike', [floats([1])], 22, {}],
    ['Bernoulli', [floats([1])], 22, {}],
    ['GlobalLpPool', [floats([1, 2], [1, 1, 2])], 22, {}],
    ['MaxRoiPool', roi, 22, { pooled_shape: [1, 1] }],
    ['Swish', [floats([1])], 25, {}],
  ])('ort-no-kernel: %s has a kernel only for older opsets', async (op, inputs, from, attributes) => {
    await expect(run(op, inputs, attributes, { opset: from - 1 })).resolves.toBeDefined();
    await expect(run(op, inputs, attributes, { opset: from })).rejects.toThrow(/implementation|kernel/);
  });

  it("ort-copied-output: an output is written into the caller's memory, and a copy of it is returned", async () => {
    const session = await open({
      inputs: [{ name: 'x', type: FLOAT, dims: [2] }],
      outputs: [{ name: 'y', type: FLOAT, dims: [2] }],
      nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    const given = floats([0, 0]);
    const { y } = await session.run({ x: floats([1, 2]) }, { y: given });
    expect([...(given.data as Float32Array)]).toEqual([-1, -2]);
    expect([...(y!.data as Float32Array)]).toEqual([-1, -2]);
    expect((y!.data as Float32Array).buffer).not.toBe((given.data as Float32Array).buffer);
  });

  it('ort-silent-feed: a value fed for an initializer that is also an input is dropped', async () => {
    const session = await open({
      inputs: [
        { name: 'x', type: FLOAT, dims: [1] },
        { name: 'w', type: FLOAT, dims: [1] },
      ],
      outputs: [{ name: 'y', type: FLOAT, dims: [1] }],
      initializers: [{ name: 'w', type: FLOAT, dims: [1], values: [2] }],
      nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    const { y } = await session.run({ x: floats([3]), w: floats([100]), unknown: floats([1]) });
    expect(Array.from(y!.data as Float32Array)).toEqual([6]);
  });

  it('ort-max-pool-infinity: a window of −∞ gives −3.4e38 without Indices, and −∞ with Indices', async () => {
    const x = floats([-Infinity, -Infinity], [1, 1, 2]);
    const lowest = -(2 - 2 ** -23) * 2 ** 127;
    expect((await run('MaxPool', [x], { kernel_shape: [2] }))[0]).toEqual([lowest]);
    expect((await run('MaxPool', [x], { kernel_shape: [2] }, { outputs: 2 }))[0]).toEqual([-Infinity]);
  });

  it('ort-nan-lost: ReduceMax and MaxPool keep a NaN only at some positions, Max keeps it everywhere', async () => {
    const pool = async (values: Values, outputs: number): Promise<number[]> =>
      (await run('MaxPool', [floats(values, [1, 1, 2])], { kernel_shape: [2] }, { outputs }))[0]!;
    const largest = async (values: Values): Promise<number[]> =>
      (await run('ReduceMax', [floats(values), ints([0])], { keepdims: 0 }))[0]!;
    const [first, last] = [
      [Number.NaN, 1],
      [1, Number.NaN],
    ] as const;
    expect([await largest(first), await largest(last)]).toEqual([[Number.NaN], [1]]);
    expect([await pool(first, 1), await pool(last, 1)]).toEqual([[1], [1]]);
    expect([await pool(first, 2), await pool(last, 2)]).toEqual([[Number.NaN], [1]]);
    expect(await run('Max', [floats(last), floats([0, 0])])).toEqual([[1, Number.NaN]]);
  });

  it('ort-constant-channel: MeanVarianceNormalization of a constant channel gives NaN; ONNX defines 0', async () => {
    expect(await run('MeanVarianceNormalization', [floats([3, 3, 3, 3], [1, 1, 2, 2])])).toEqual([
      Array(4).fill(Number.NaN),
    ]);
  });

  it('ort-label-out-of-range: SoftmaxCrossEntropyLoss reads label −1 as the last class', async () => {
    const scores = floats([1, 2, 4], [1, 3]);
    const [last] = await run('SoftmaxCrossEntropyLoss', [scores, ints([2])]);
    expect(await run('SoftmaxCrossEntropyLoss', [scores, ints([-1])])).toEqual([last]);
    const ignored = await run('SoftmaxCrossEntropyLoss', [scores, ints([7])], { ignore_index: 7 });
    expect(ignored).toEqual([[Number.NaN]]);
  });

  it('ort-same-dilation: with SAME and dilation, MaxPool pads for the undilated kernel, and Conv fails', async () => {
    const x = floats([1, 2, 3, 4, 5], [1, 1, 5]);
    const attributes = { auto_pad: 'SAME_UPPER', dilations: [2], kernel_shape: [2] };
    await expect(run('Conv', [x, floats([1, 1], [1, 1, 2])], attributes)).rejects.toThrow(/ilation/);
    // SAME padding gives five outputs for five inputs.
    expect(await run('MaxPool', [x], attributes)).toEqual([[3, 4, 5, 4]]);
  });

  it('ort-empty-reduction: over an empty axis ReduceMean gives 0, ReduceMax −∞ and ReduceProd 1', async () => {
    const empty = floats([], [0]);
    expect(await run('ReduceMean', [empty, ints([0])], { keepdims: 0 })).toEqual([[0]]);
    expect(await run('ReduceMax', [empty, ints([0])], { keepdims: 0 })).toEqual([[-Infinity]]);
    expect(await run('ReduceProd', [empty, ints([0])], { keepdims: 0 })).toEqual([[1]]);
  });

  it('ort-one-by-one: along an axis, ReduceSumSquare, ReduceL1 and ReduceL2 stop growing after 2²⁴ ones', async () => {
    const ones = new ort.Tensor('float32', new Float32Array(17_000_000).fill(1), [1, 17_000_000]);
    const sum = (op: string): Promise<number[][]> => run(op, [ones, ints([1])], { keepdims: 0 });
    expect(await sum('ReduceSumSquare')).toEqual([[2 ** 24]]);
    expect(await sum('ReduceL1')).toEqual([[2 ** 24]]);
    expect(await sum('ReduceL2')).toEqual([[2 ** 12]]);
    expect(await sum('ReduceSum')).toEqual([[17_000_000]]);
  });

  it('ort-batch-norm-variance: in training mode, the variance of a million values is off by more than 1e-6', async () => {
    const draw = random(1);
    const x = Float32Array.from({ length: 2 ** 20 }, draw);
    const mean = (of: (value: number) => number): number =>
      x.reduce((sum, value) => sum + of(value), 0) / x.length;
    const center = mean((value) => value);
    const session = await open({
      opset: 15,
      inputs: [{ name: 'x', type: FLOAT, dims: [1, 1, 1024, 1024] }],
      outputs: [{ name: 'variance', type: FLOAT, dims: [1] }],
      initializers: ['zero', 'one'].map((name, i) => ({ name, type: FLOAT, dims: [1], values: [i] })),
      nodes: [
        {
          op: 'BatchNormalization',
          inputs: ['x', 'one', 'zero', 'zero', 'one'],
          outputs: ['y', 'mean', 'variance'],
          attributes: { training_mode: 1, momentum: { float: 0 } },
        },
      ],
    });
    const { variance } = await session.run({ x: new ort.Tensor('float32', x, [1, 1, 1024, 1024]) });
    await session.release();
    const error = Number(variance!.data[0]) / mean((value) => (value - center) ** 2) - 1;
    expect(Math.abs(error)).toBeGreaterThan(1e-6);
    expect(Math.abs(error)).toBeLessThan(1e-3);
  });
});

describe('slopes at kinks', () => {
  /** The gradient of the sum of an operator's output with respect to its first input. */
  async function slopes(
    op: string,
    x: Values,
    others: readonly Values[] = [],
    attributes: NodeSpec['attributes'] = {},
    opset = 18,
  ): Promise<number[]> {
    const bytes = makeModel({
      opset,
      inputs: [{ name: 'one', type: FLOAT, dims: [1] }],
      outputs: [{ name: 'loss', type: FLOAT, dims: [] }],
      initializers: [
        { name: 'weight', type: FLOAT, dims: [x.length], values: x },
        ...others.map((values, i) => ({
          name: `constant${i}`,
          type: FLOAT,
          dims: values.length === 1 ? [] : [values.length],
          values,
        })),
      ],
      nodes: [
        { op: 'Mul', inputs: ['weight', 'one'], outputs: ['x'] },
        {
          op,
          inputs: ['x', ...others.map((_, i) => `constant${i}`)],
          outputs: ['y'],
          attributes: attributes,
        },
        { op: 'ReduceSum', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
      ],
    });
    const trainer = await createTrainer(ort, bytes, {
      loss: { output: 'loss' },
      optimizer: sgd(),
      trainable: (name) => name === 'weight',
    });
    const gradients = await trainer.gradients({ one: floats([1]) });
    await trainer.dispose();
    return Array.from(gradients.get('weight')!.data);
  }

  it('kink-clip: the slope of Clip is 1 at its ends, as for clamp; PyTorch has 0 for relu6 and hardtanh', async () => {
    expect(await slopes('Clip', [-1, 0, 3, 6, 7], [[0], [6]])).toEqual([0, 1, 1, 1, 0]);
  });

  it('kink-max: at a tie, the gradient of Max goes to the first input; torch.maximum gives a half to each', async () => {
    expect(await slopes('Max', [1, 2], [[1, 0]])).toEqual([1, 1]);
  });

  it('kink-reduce-max: at a tie, the gradient of ReduceMax is shared evenly, as in amax; max(dim) gives it to the first', async () => {
    expect(await slopes('ReduceMax', [2, 2, 1], [], { keepdims: 0 })).toEqual([0.5, 0.5, 0]);
  });

  it('kink-zero: the slope at 0 is 0 for Relu and Abs, 1 for Elu', async () => {
    expect(await slopes('Relu', [0])).toEqual([0]);
    expect(await slopes('Abs', [0])).toEqual([0]);
    expect(await slopes('Elu', [0])).toEqual([1]);
  });

  it('kink-sqrt: the slope of Sqrt at 0 is 0; PyTorch has ∞', async () => {
    expect(await slopes('Sqrt', [0, 4])).toEqual([0, 0.25]);
  });

  it('kink-rounding: a rounded value has slope 1 within its range, as for fake_quantize_per_tensor_affine', async () => {
    const bytes = makeModel({
      inputs: [{ name: 'one', type: FLOAT, dims: [1] }],
      outputs: [{ name: 'loss', type: FLOAT, dims: [] }],
      initializers: [
        { name: 'weight', type: FLOAT, dims: [6], values: [-1.5, -1.28, 0, 1.27, 1.274, 1.276] },
        { name: 'scale', type: FLOAT, dims: [], values: [0.01] },
        { name: 'zero', type: DataType.INT8, dims: [], values: [0] },
      ],
      nodes: [
        { op: 'Mul', inputs: ['weight', 'one'], outputs: ['x'] },
        { op: 'QuantizeLinear', inputs: ['x', 'scale', 'zero'], outputs: ['q'] },
        { op: 'DequantizeLinear', inputs: ['q', 'scale', 'zero'], outputs: ['y'] },
        { op: 'ReduceSum', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
      ],
    });
    const trainer = await createTrainer(ort, bytes, { loss: { output: 'loss' }, optimizer: sgd() });
    const gradients = await trainer.gradients({ one: floats([1]) });
    await trainer.dispose();
    expect(Array.from(gradients.get('weight')!.data)).toEqual([0, 1, 1, 1, 1, 0]);
  });

  it('kink-hard-swish: HardSwish has slope 0 at −3 and 1 at 3; PyTorch 1.13 has −1/2 and 3/2', async () => {
    expect(await slopes('HardSwish', [-3, 3])).toEqual([0, 1]);
  });
});
