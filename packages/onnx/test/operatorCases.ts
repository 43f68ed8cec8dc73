import { DataType } from '../src/format/dataType.ts';
import type { Draw, InputSpec, OperatorCase } from './checkGradient.ts';

/** One use of an operator with all its inputs. `outputs` marks the outputs that the loss uses. */
type Case = Omit<OperatorCase, 'seed' | 'op'>;

const f = (float: number) => ({ float });

const longs = (values: readonly number[], dims: readonly number[] = [values.length]): InputSpec => ({
  dims,
  type: DataType.INT64,
  values,
});

const some = (count: number, below: number): number[] =>
  Array.from({ length: count }, (_, i) => (i * 7919 + 3 * (i >> 2)) % below);

type Cases = Readonly<Record<string, (n: number) => Case>>;

const each = (draw: Draw, more: Partial<Case> = {}): ((n: number) => Case) => {
  return (n) => ({ inputs: [{ dims: [n, 4 * n], draw }], ...more });
};

const pair = (left: Draw, right: Draw): ((n: number) => Case) => {
  return (n) => ({
    inputs: [
      { dims: [n, 4 * n], draw: left },
      { dims: [4 * n], draw: right },
    ],
  });
};

const reduction = (draw: Draw): ((n: number) => Case) => {
  return (n) => ({ inputs: [{ dims: [4, n, n], draw }, longs([0, 2])] });
};

const image = (draw: Draw, more: (n: number) => Partial<Case> = () => ({})): ((n: number) => Case) => {
  return (n) => ({ inputs: [{ dims: [2, 4, n, n], draw }], ...more(n) });
};

const pool = (draw: Draw, attributes: Case['attributes'] = {}): ((n: number) => Case) =>
  image(draw, () => ({ attributes: { kernel_shape: [2, 2], strides: [1, 1], ...attributes } }));

const recurrence = (gates: number, states: number): ((n: number) => Case) => {
  return (n) => {
    const batch = Math.ceil(n / 4);
    const state = { dims: [1, batch, n] };
    return {
      step: 0.02,
      opset: 18,
      inputs: [
        { dims: [3, batch, 2], fixed: true },
        { dims: [1, gates * n, 2], fixed: true },
        { dims: [1, gates * n, n], fixed: true },
        { dims: [1, 2 * gates * n], fixed: true },
        { dims: [batch], type: DataType.INT32, values: Array.from({ length: batch }, (_, i) => 3 - (i % 2)) },
        state,
        ...(states === 2 ? [state, { dims: [1, 3 * n], fixed: true }] : []),
      ],
      attributes: { hidden_size: n },
      outputs: states === 2 ? [true, true, true] : [true, true],
    };
  };
};

/** An image with channels, scale and shift, plus mean and variance if `statistics` is set. */
const normalized = (statistics: boolean, more: (n: number) => Partial<Case>): ((n: number) => Case) => {
  return (n) => ({
    inputs: [
      { dims: [2, 4, n, n + 1] },
      { dims: [4] },
      { dims: [4] },
      ...(statistics ? [{ dims: [4] }, { dims: [4], draw: 'positive' as const }] : []),
    ],
    ...more(n),
  });
};

/**
 * Every operator that has a gradient, with all its inputs and outputs; `n` sets the sizes. Tests over all operators
 * fail if an operator is missing here.
 */
export const differentiableCases: Cases = {
  Relu: each('away'),
  LeakyRelu: each('away'),
  ThresholdedRelu: each('distinct', { attributes: { alpha: f(0.5) } }),
  PRelu: pair('away', 'normal'),
  Elu: each('away'),
  Selu: each('away'),
  Celu: each('away'),
  Sigmoid: each('normal'),
  HardSigmoid: each('unit'),
  HardSwish: each('unit'),
  Tanh: each('normal'),
  Softplus: each('normal'),
  Softsign: each('away'),
  Gelu: each('normal', { opset: 20 }),
  Mish: each('normal'),
  // ONNX Runtime 1.30 has no kernel for the opset 25 version.
  Swish: each('normal', { opset: 24, attributes: { alpha: f(1.2) } }),
  Shrink: each('distinct', { single: true }),
  Add: pair('normal', 'normal'),
  Sum: pair('normal', 'normal'),
  Mean: pair('normal', 'normal'),
  Sub: pair('normal', 'normal'),
  Mul: pair('normal', 'normal'),
  Div: pair('normal', 'away'),
  Pow: pair('positive', 'normal'),
  Min: pair('distinct', 'halves'),
  Max: pair('distinct', 'halves'),
  // The values stay away from multiples of the divisor.
  Mod: (n) => ({
    inputs: [
      { dims: [n, 4 * n], draw: 'unit' },
      { dims: [1], draw: 'positive' },
    ],
    attributes: { fmod: 1 },
    step: 1e-3,
  }),
  Neg: each('normal'),
  Abs: each('away'),
  Exp: each('normal'),
  Log: each('positive'),
  Sqrt: each('positive'),
  Reciprocal: each('positive'),
  Erf: each('normal'),
  Sin: each('normal'),
  Cos: each('normal'),
  Tan: each('unit'),
  Asin: each('unit'),
  Acos: each('unit'),
  Atan: each('normal'),
  Sinh: each('normal'),
  Cosh: each('normal'),
  Asinh: each('normal'),
  Acosh: (n) => ({ inputs: [{ dims: [n, 4 * n], draw: 'beyond' }] }),
  Atanh: each('unit'),
  Clip: (n) => ({
    step: 0.02,
    inputs: [
      { dims: [n, 4 * n], draw: 'distinct' },
      { dims: [], draw: 'unit' },
      { dims: [], draw: 'positive' },
    ],
  }),
  MatMul: (n) => ({ inputs: [{ dims: [n, 2 * n] }, { dims: [2 * n, n] }] }),
  Gemm: (n) => ({ inputs: [{ dims: [n, 2 * n] }, { dims: [2 * n, n] }, { dims: [n] }] }),
  Einsum: (n) => ({
    inputs: [{ dims: [2, n, 8] }, { dims: [2, n, 8] }],
    attributes: { equation: 'bqd,bkd->bqk' },
  }),
  Softmax: each('normal'),
  LogSoftmax: each('normal'),
  SoftmaxCrossEntropyLoss: (n) => ({
    inputs: [{ dims: [n, 4 * n] }, longs(some(n, 4 * n)), { dims: [4 * n], draw: 'positive' }],
    outputs: [true, true],
  }),
  NegativeLogLikelihoodLoss: (n) => ({
    inputs: [{ dims: [n, 4 * n] }, longs(some(n, 4 * n)), { dims: [4 * n], draw: 'positive' }],
  }),
  ReduceSum: reduction('normal'),
  ReduceMean: reduction('normal'),
  ReduceL1: reduction('away'),
  ReduceL2: reduction('normal'),
  ReduceLogSum: reduction('positive'),
  ReduceLogSumExp: reduction('normal'),
  ReduceSumSquare: reduction('normal'),
  ReduceMax: reduction('distinct'),
  ReduceMin: reduction('distinct'),
  // The number of factors is small, because a product of many would overflow.
  ReduceProd: (n) => ({ inputs: [{ dims: [n * n, 4], draw: 'away' }, longs([1])] }),
  Identity: each('normal'),
  Cast: each('normal', { attributes: { to: DataType.DOUBLE } }),
  CastLike: (n) => ({ inputs: [{ dims: [n, 4 * n] }, { dims: [1] }] }),
  Reshape: (n) => ({ inputs: [{ dims: [n, 4 * n] }, longs([2, -1])] }),
  Flatten: image('normal'),
  Squeeze: (n) => ({ inputs: [{ dims: [n, 1, 4 * n] }, longs([1])] }),
  Unsqueeze: (n) => ({ inputs: [{ dims: [n, 4 * n] }, longs([1])] }),
  Transpose: image('normal', () => ({ attributes: { perm: [0, 2, 3, 1] } })),
  DepthToSpace: image('normal', () => ({ attributes: { blocksize: 2 } })),
  SpaceToDepth: (n) => ({ inputs: [{ dims: [2, 2, 2 * n, 2 * n] }], attributes: { blocksize: 2 } }),
  Trilu: (n) => ({ inputs: [{ dims: [2, n, 2 * n] }, longs([1], [])] }),
  ReverseSequence: (n) => ({ inputs: [{ dims: [3, n, 8] }, longs(some(n, 3).map((length) => length + 1))] }),
  Expand: (n) => ({ inputs: [{ dims: [n, 1] }, longs([3, 1, 4 * n])] }),
  Tile: (n) => ({ inputs: [{ dims: [n, 2 * n] }, longs([2, 3])] }),
  Where: (n) => ({
    inputs: [
      { dims: [4 * n], type: DataType.BOOL, values: some(4 * n, 2) },
      { dims: [n, 4 * n] },
      { dims: [n, 1] },
    ],
  }),
  CumSum: (n) => ({ inputs: [{ dims: [n, 4 * n] }, longs([1], [])] }),
  Dropout: (n) => ({ inputs: [{ dims: [n, 4 * n] }, { dims: [], start: [0.4] }] }),
  Concat: (n) => ({ inputs: [{ dims: [n, 4 * n] }, { dims: [n, 2] }], attributes: { axis: 1 } }),
  Split: (n) => ({
    inputs: [{ dims: [n, 4 * n] }, longs([n, 3 * n])],
    attributes: { axis: 1 },
    outputs: [true, true],
  }),
  Slice: (n) => ({ inputs: [{ dims: [n, 4 * n] }, longs([1]), longs([4 * n]), longs([1]), longs([2])] }),
  Pad: (n) => ({ inputs: [{ dims: [n, 4 * n] }, longs([1, 2]), { dims: [] }, longs([1])] }),
  Gather: (n) => ({ inputs: [{ dims: [n, 8] }, longs(some(32 * n, n), [32, n])] }),
  GatherElements: (n) => ({ inputs: [{ dims: [n, 8] }, longs(some(32 * n, n), [4 * n, 8])] }),
  GatherND: (n) => ({ inputs: [{ dims: [2, n, 8] }, longs(some(8 * n, 2), [4 * n, 2])] }),
  ScatterElements: (n) => ({
    inputs: [{ dims: [n, 8] }, longs(some(32 * n, n), [4 * n, 8]), { dims: [4 * n, 8] }],
    attributes: { reduction: 'add' },
  }),
  ScatterND: (n) => ({
    inputs: [{ dims: [n, 16] }, longs(some(32 * n, n), [32 * n, 1]), { dims: [32 * n, 16] }],
    attributes: { reduction: 'add' },
  }),
  Compress: (n) => ({
    inputs: [{ dims: [n, 8] }, { dims: [n], type: DataType.BOOL, values: [1, ...some(n - 1, 2)] }],
    attributes: { axis: 0 },
  }),
  Unique: (n) => ({ inputs: [{ dims: [n, 2], draw: 'distinct' }], attributes: { axis: 0 } }),
  TopK: (n) => ({
    inputs: [{ dims: [n, 4 * n], draw: 'distinct' }, longs([n])],
    outputs: [true, false],
  }),
  GridSample: (n) => ({
    opset: 20,
    inputs: [{ dims: [1, 2, n, n] }, { dims: [1, n, n, 2], draw: 'unit' }],
    step: 1e-3,
  }),
  OneHot: (n) => ({
    inputs: [longs(some(n * n, 4), [n, n]), longs([4], []), { dims: [2] }],
  }),
  Range: () => ({
    step: 0.01,
    inputs: [
      { dims: [], draw: 'unit' },
      { dims: [], start: [9.3] },
      { dims: [], draw: 'positive' },
    ],
  }),
  Conv: (n) => ({
    step: 0.5,
    inputs: [{ dims: [2, 4, n, n], fixed: true }, { dims: [8, 4, 2, 2], fixed: true }, { dims: [8] }],
    attributes: { kernel_shape: [2, 2] },
  }),
  ConvTranspose: (n) => ({
    step: 0.5,
    inputs: [{ dims: [2, 4, n, n], fixed: true }, { dims: [4, 8, 2, 2], fixed: true }, { dims: [8] }],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }),
  MaxPool: (n) => ({ ...pool('distinct')(n), outputs: [true, false] }),
  AveragePool: pool('normal'),
  LpPool: pool('away', { p: 3 }),
  GlobalAveragePool: image('normal'),
  GlobalMaxPool: image('distinct'),
  // ONNX Runtime 1.30 has no kernel for the opset 22 version.
  GlobalLpPool: image('away', () => ({ opset: 21 })),
  BatchNormalization: normalized(true, () => ({
    attributes: { training_mode: 1, epsilon: f(0.1), momentum: f(0.7) },
    outputs: [true, true, true],
  })),
  LayerNormalization: (n) => ({
    inputs: [{ dims: [2, n, n + 1] }, { dims: [n + 1] }, { dims: [n + 1] }],
    attributes: { epsilon: f(0.1) },
    outputs: [true, true, true],
  }),
  InstanceNormalization: normalized(false, () => ({ attributes: { epsilon: f(0.1) } })),
  GroupNormalization: normalized(false, () => ({
    opset: 21,
    attributes: { num_groups: 2, epsilon: f(0.1) },
    single: true,
  })),
  RMSNormalization: (n) => ({
    opset: 23,
    inputs: [{ dims: [n, 4 * n] }, { dims: [4 * n] }],
    attributes: { epsilon: f(0.1) },
  }),
  LpNormalization: each('away'),
  LRN: image('normal', () => ({ attributes: { size: 3, alpha: f(0.5) } })),
  MeanVarianceNormalization: image('normal'),
  RNN: recurrence(1, 1),
  GRU: recurrence(3, 1),
  LSTM: recurrence(4, 2),
  Resize: (n) => ({
    step: 0.01,
    inputs: [
      { dims: [1, 2, n, n], fixed: true },
      undefined,
      { dims: [4], type: DataType.FLOAT, start: [1, 1, 2, 2] },
    ],
    attributes: { mode: 'linear' },
  }),
  AffineGrid: (n) => ({
    opset: 20,
    step: 0.5,
    inputs: [{ dims: [2, 2, 3], fixed: true }, longs([2, 1, n, n])],
  }),
  Attention: (n) => ({
    opset: 23,
    inputs: [
      { dims: [1, 2, n, 8], fixed: true },
      { dims: [1, 2, n, 8], fixed: true },
      { dims: [1, 2, n, 8], fixed: true },
      { dims: [n, n + 2], fixed: true },
      { dims: [1, 2, 2, 8], fixed: true },
      { dims: [1, 2, 2, 8], fixed: true },
    ],
    outputs: [true, true, true, true],
  }),
  RotaryEmbedding: (n) => ({
    opset: 23,
    step: 0.5,
    inputs: [{ dims: [1, 2, n, 8] }, { dims: [1, n, 4] }, { dims: [1, n, 4] }],
  }),
  Col2Im: (n) => ({ inputs: [{ dims: [1, 8, n * n] }, longs([n + 1, n + 1]), longs([2, 2])] }),
  CenterCropPad: (n) => ({ inputs: [{ dims: [n, 4 * n] }, longs([n + 1, 2 * n])] }),
  Det: (n) => ({ inputs: [{ dims: [4 * n, 3, 3], fixed: true }] }),
  DFT: (n) => ({ opset: 20, inputs: [{ dims: [n, 16, 1], fixed: true }, undefined, longs([1], [])] }),
  STFT: (n) => ({
    inputs: [{ dims: [1, 4 * n, 1], fixed: true }, longs([2], []), { dims: [4], fixed: true }],
  }),
  MaxUnpool: (n) => ({
    inputs: [
      { dims: [1, 1, n, n] },
      longs(
        Array.from({ length: n * n }, (_, k) => 4 * n * Math.floor(k / n) + 2 * (k % n)),
        [1, 1, n, n],
      ),
    ],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }),
  RoiAlign: (n) => ({
    opset: 16,
    // The function has a kink where a sample crosses a row. A narrow step rarely crosses a kink.
    step: 1e-5,
    inputs: [
      { dims: [2, 4, n, n] },
      { dims: [n, 4], draw: 'positive', fixed: true },
      { ...longs(some(n, 2)), fixed: true },
    ],
    attributes: { output_height: 2, output_width: 3, sampling_ratio: 2 },
  }),
  DequantizeLinear: (n) => ({
    inputs: [
      { dims: [n, 4 * n], type: DataType.INT8, values: some(4 * n * n, 100) },
      { dims: [4 * n] },
      { dims: [4 * n], type: DataType.INT8, values: some(4 * n, 5) },
    ],
  }),
};

/** Operators that share the gradient of another operator. */
export const sameGradient: Readonly<Record<string, string>> = {
  'com.microsoft:DequantizeLinear': 'DequantizeLinear',
};

/** Operators with float inputs and outputs whose derivative is 0 wherever it exists. */
export const flatCases: Cases = {
  Floor: each('distinct'),
  Ceil: each('distinct'),
  Round: each('distinct'),
  Sign: each('away'),
  EyeLike: each('normal'),
  Hardmax: each('distinct'),
  MelWeightMatrix: () => ({
    inputs: [
      longs([8], []),
      longs([16], []),
      longs([8192], []),
      { dims: [], type: DataType.FLOAT, start: [100.3] },
      { dims: [], type: DataType.FLOAT, start: [3000.3] },
    ],
    single: true,
  }),
};

/** Operators with derivative 0 that have no float inputs, no float outputs, or random outputs. */
export const withoutFloats: readonly string[] = [
  'BitShift',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
  'ArgMax',
  'ArgMin',
  'Shape',
  'Size',
  'ConstantOfShape',
  'Constant',
  'NonZero',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'And',
  'Or',
  'Xor',
  'Not',
  'IsNaN',
  'IsInf',
  'BitwiseAnd',
  'BitwiseNot',
  'BitwiseOr',
  'BitwiseXor',
  'HannWindow',
  'HammingWindow',
  'BlackmanWindow',
  'NonMaxSuppression',
];
