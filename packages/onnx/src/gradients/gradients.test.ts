import { sgd } from '@clr/core';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import type { Draw, OperatorCase } from '../../test/checkGradient.ts';
import { describeGradients, ints, type Row, size } from '../../test/describeGradients.ts';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer } from '../index.ts';

const dims = fc.array(size, { minLength: 1, maxLength: 4 });
const flag = fc.constantFrom(0, 1);

/** An element-wise operator. */
const each = (
  op: string,
  draw: Draw = 'normal',
  attributes: OperatorCase['attributes'] = {},
  opset = 18,
): Row => [
  Object.keys(attributes).length > 0 ? `${op} ${JSON.stringify(attributes)}` : op,
  dims.map((d) => ({ op, inputs: [{ dims: d, draw }], attributes, opset })),
];

/** Two shapes that broadcast, in either order. */
const broadcastable = fc
  .tuple(
    dims,
    fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    fc.nat(3),
  )
  .map(([d, left, right, drop]) => {
    const a = d.map((n, i) => (left[i] ? 1 : n));
    const b = d.map((n, i) => (right[i] && !left[i] ? 1 : n)).slice(Math.min(drop, d.length));
    return drop % 2 === 0 ? ([a, b] as const) : ([b, a] as const);
  });

const pair = (op: string, left: Draw = 'normal', right: Draw = left): Row => [
  op,
  broadcastable.map(([a, b]) => ({
    op,
    inputs: [
      { dims: a, draw: left },
      { dims: b, draw: right },
    ],
  })),
];

const f = (float: number) => ({ float });

/** A reduction over none, some or all axes, with or without keepdims. */
const reduction = (op: string, draw: Draw): Row => [
  op,
  fc.tuple(dims, fc.nat(15), flag, flag).map(([d, mask, keepdims, negative]) => {
    const axes = d.flatMap((_, i) => ((mask >> i) & 1 ? [negative ? i - d.length : i] : []));
    return {
      op,
      inputs: [{ dims: d, draw }, axes.length > 0 ? ints(axes) : undefined],
      attributes: { keepdims },
    };
  }),
];

function sliceCount(length: number, start: number, end: number, step: number): number {
  return Array.from({ length }, (_, i) => i)
    .slice(0)
    .filter((_, i) => {
      const [from, to] = [start, end].map((at) => (at < 0 ? at + length : at)) as [number, number];
      return step > 0 ? i >= from && i < to : i <= from && i > to;
    }).length;
}

/**
 * Convolutions with one to three axes, groups, strides, dilations and asymmetric padding. They are linear, so finite
 * differences are exact for any step.
 */
function convolution(axes: number, transposed: boolean): Row[1] {
  const list = (arbitrary: fc.Arbitrary<number>) => fc.array(arbitrary, { minLength: axes, maxLength: axes });
  return fc
    .record({
      n: fc.integer({ min: 1, max: 2 }),
      group: fc.constantFrom(1, 1, 2, 3),
      inner: fc.integer({ min: 1, max: 2 }),
      outer: fc.integer({ min: 1, max: 2 }),
      kernel: list(fc.integer({ min: 1, max: 3 })),
      strides: list(fc.constantFrom(1, 1, 2, 3)),
      dilations: list(fc.constantFrom(1, 1, 2)),
      before: list(fc.integer({ min: 0, max: 2 })),
      after: list(fc.integer({ min: 0, max: 2 })),
      extra: list(fc.integer({ min: 0, max: axes === 3 ? 1 : 3 })),
      bias: fc.boolean(),
    })
    .map(({ n, group, inner, outer, kernel, strides, dilations, before, after, extra, bias }) => {
      const reach = kernel.map((k, i) => (k - 1) * (dilations[i] ?? 1) + 1);
      // The output of a transposed convolution must not be empty after the padding is cut off.
      const sizes = transposed ? extra.map((e) => e + 4) : reach.map((r, i) => r + (extra[i] ?? 0));
      const pads = [...before, ...after].map((pad, i) => Math.min(pad, reach[i % axes] ?? 1));
      return {
        op: transposed ? 'ConvTranspose' : 'Conv',
        step: 0.5,
        inputs: [
          { dims: [n, group * inner, ...sizes] },
          {
            dims: transposed ? [group * inner, outer, ...kernel] : [group * outer, inner, ...kernel],
            fixed: true,
          },
          bias ? { dims: [group * outer] } : undefined,
        ],
        attributes: { kernel_shape: kernel, strides, dilations, pads, group },
      };
    });
}

/** Pools with all kinds of padding, rounding and divisor. */
function pools(op: string, draw: Draw): Row[1] {
  const two = (arbitrary: fc.Arbitrary<number>) => fc.tuple(arbitrary, arbitrary);
  return fc
    .record({
      sizes: two(fc.integer({ min: 2, max: 6 })),
      kernel: two(fc.integer({ min: 1, max: 3 })),
      strides: two(fc.integer({ min: 1, max: 3 })),
      before: two(fc.integer({ min: 0, max: 1 })),
      after: two(fc.integer({ min: 0, max: 1 })),
      dilations: two(fc.constantFrom(1, 1, 2)),
      ceil: flag,
      include: flag,
      p: fc.constantFrom(1, 2, 3),
    })
    .map(({ sizes, kernel, strides, before, after, dilations, ceil, include, p }) => {
      const dilated = op !== 'LpPool' && dilations.some((d) => d !== 1);
      const reach = kernel.map((k, i) => (k - 1) * (dilated ? (dilations[i] ?? 1) : 1) + 1);
      const pads = [...before, ...after].map((pad, i) => Math.min(pad, (kernel[i % 2] ?? 1) - 1));
      const spatial = sizes.map((n, i) => Math.max(n, reach[i] ?? 1));
      // Excludes a last window that starts after the input: ONNX's shape inference and the runtime's kernels disagree
      // about it.
      const beyond = spatial.some((n, i) => {
        const [before, after, stride] = [pads[i] ?? 0, pads[i + 2] ?? 0, strides[i] ?? 1];
        return Math.ceil((n + before + after - (reach[i] ?? 1)) / stride) * stride >= n + before;
      });
      return {
        op,
        opset: dilated && op === 'AveragePool' ? 19 : 18,
        inputs: [{ dims: [2, 2, ...spatial], draw }],
        attributes: {
          kernel_shape: kernel,
          strides,
          pads,
          ceil_mode: beyond ? 0 : ceil,
          ...(dilated ? { dilations } : {}),
          ...(op === 'AveragePool' ? { count_include_pad: include } : {}),
          ...(op === 'LpPool' ? { p } : {}),
        },
      };
    });
}

/** Recurrent layers with and without biases, initial states and peepholes, and with both layouts of the reset gate. */
function recurrence(op: 'RNN' | 'GRU' | 'LSTM', direction: string): Row[1] {
  const gates = { RNN: 1, GRU: 3, LSTM: 4 }[op];
  const d = direction === 'bidirectional' ? 2 : 1;
  return fc
    .record({
      steps: size,
      n: size,
      inputs: size,
      hidden: size,
      bias: fc.boolean(),
      initial: fc.boolean(),
      peepholes: fc.boolean(),
      linear: flag,
      last: fc.boolean(),
    })
    .map(({ steps, n, inputs, hidden, bias, initial, peepholes, linear, last }) => ({
      op,
      step: 0.02,
      inputs: [
        { dims: [steps, n, inputs], fixed: true },
        { dims: [d, gates * hidden, inputs], fixed: true },
        { dims: [d, gates * hidden, hidden], fixed: true },
        bias ? { dims: [d, 2 * gates * hidden], fixed: true } : undefined,
        undefined,
        initial ? { dims: [d, n, hidden] } : undefined,
        ...(op === 'LSTM'
          ? [
              initial ? { dims: [d, n, hidden] } : undefined,
              peepholes ? { dims: [d, 3 * hidden], fixed: true } : undefined,
            ]
          : []),
      ],
      attributes: {
        hidden_size: hidden,
        direction,
        ...(op === 'GRU' ? { linear_before_reset: linear } : {}),
      },
      outputs: last ? [false, true] : [true, true],
    }));
}

const images = (op: string, draw: Draw = 'normal'): Row[1] =>
  fc.tuple(size, size, size, size).map(([n, c, h, w]) => ({ op, inputs: [{ dims: [n, c, h, w], draw }] }));

const rows: readonly Row[] = [
  each('Relu', 'away'),
  each('LeakyRelu', 'away', { alpha: f(0.2) }),
  each('ThresholdedRelu', 'distinct', { alpha: f(0.5) }),
  [
    'PRelu',
    fc.tuple(size, size, size).map(([n, c, w]) => ({
      op: 'PRelu',
      inputs: [{ dims: [n, c, w], draw: 'away' as const }, { dims: [c, 1] }],
    })),
  ],
  each('Elu', 'away', { alpha: f(1.3) }),
  each('Selu', 'away'),
  each('Celu', 'away', { alpha: f(1.5) }),
  each('Sigmoid'),
  each('HardSigmoid', 'unit'),
  each('HardSwish', 'unit'),
  each('Tanh'),
  each('Softplus'),
  each('Softsign', 'away'),
  each('Mish'),
  each('Gelu', 'normal', {}, 20),
  each('Gelu', 'normal', { approximate: 'tanh' }, 20),
  [
    'Shrink',
    dims.map((d) => ({
      op: 'Shrink',
      inputs: [{ dims: d, draw: 'distinct' as const }],
      attributes: { lambd: f(0.5), bias: f(0.1) },
      single: true,
    })),
  ],
  each('Neg'),
  each('Abs', 'away'),
  each('Exp'),
  each('Log', 'positive'),
  each('Sqrt', 'positive'),
  each('Reciprocal', 'positive'),
  each('Erf'),
  each('Sin'),
  each('Cos'),
  each('Tan', 'unit'),
  each('Asin', 'unit'),
  each('Acos', 'unit'),
  each('Atan'),
  each('Sinh'),
  each('Cosh'),
  each('Asinh'),
  each('Atanh', 'unit'),
  [
    'Clip',
    fc.tuple(dims, flag, flag).map(([d, low, high]) => ({
      op: 'Clip',
      inputs: [
        { dims: d, draw: 'distinct' as const },
        low ? { dims: [], values: [-0.5] } : undefined,
        high ? { dims: [], values: [1] } : undefined,
      ],
    })),
  ],
  [
    'Clip with trained bounds',
    fc.tuple(dims, fc.constantFrom('low', 'high', 'both', 'crossed'), flag).map(([d, bounds, computed]) => ({
      op: 'Clip',
      step: 0.02,
      inputs: [
        { dims: d, draw: 'distinct' as const },
        bounds === 'high'
          ? undefined
          : { dims: [], draw: 'unit' as const, ...(computed ? { computed: true } : {}) },
        bounds === 'low'
          ? undefined
          : { dims: [], draw: bounds === 'crossed' ? ('unit' as const) : ('positive' as const) },
      ],
    })),
  ],
  pair('Add'),
  pair('Sub'),
  pair('Mul'),
  pair('Div', 'normal', 'away'),
  pair('Pow', 'positive', 'normal'),
  [
    'Pow with a constant exponent',
    fc.tuple(dims, fc.constantFrom(0, 1, 2, 3, 4)).map(([d, power]) => ({
      op: 'Pow',
      inputs: [
        { dims: d, draw: 'away' as const },
        { dims: [], values: [power], constant: true },
      ],
    })),
  ],
  [
    'Pow with a fractional exponent',
    fc.tuple(dims, fc.constantFrom(0.5, 1 / 3, -0.5, 1.5)).map(([d, power]) => ({
      op: 'Pow',
      inputs: [
        { dims: d, draw: 'positive' as const },
        { dims: [], values: [power], constant: true },
      ],
    })),
  ],
  pair('Mean'),
  pair('Sum'),
  [
    'Max of three operands',
    dims.map((d) => ({
      op: 'Max',
      inputs: [
        { dims: d, draw: 'distinct' as const },
        { dims: d, draw: 'halves' as const },
        { dims: [1], values: [0.37] },
      ],
    })),
  ],
  [
    'Min of two operands',
    dims.map((d) => ({
      op: 'Min',
      inputs: [
        { dims: d, draw: 'distinct' as const },
        { dims: [1], values: [0.37] },
      ],
    })),
  ],
  [
    'MatMul',
    fc.tuple(fc.array(size, { maxLength: 2 }), size, size, size, fc.nat(4)).map(([batch, m, k, n, form]) => ({
      op: 'MatMul',
      inputs: [
        { dims: form === 1 ? [k] : form === 2 ? [m, k] : [...batch, m, k] },
        {
          dims:
            form === 3
              ? [k]
              : form === 4
                ? [k, n]
                : [...batch.map((d, i) => (i === 0 && form === 0 ? 1 : d)), k, n],
        },
      ],
    })),
  ],
  [
    'Gemm',
    fc
      .tuple(size, size, size, flag, flag, fc.constantFrom([], [1], [4], [3, 1], [3, 4], undefined))
      .map(([m, k, n, transA, transB, c]) => ({
        op: 'Gemm',
        inputs: [
          { dims: transA ? [k, m] : [m, k] },
          { dims: transB ? [n, k] : [k, n] },
          c && { dims: c.map((d) => (d === 3 ? m : d === 4 ? n : d)) },
        ],
        attributes: { transA, transB, alpha: f(0.7), beta: f(1.3) },
      })),
  ],
  ...['Softmax', 'LogSoftmax'].map(
    (op): Row => [
      op,
      fc.tuple(dims, fc.nat(3)).map(([d, axis]) => ({
        op,
        inputs: [{ dims: d }],
        attributes: { axis: (axis % d.length) - (axis % 2 ? d.length : 0) },
      })),
    ],
  ),
  ...['Softmax', 'LogSoftmax'].map(
    (op): Row => [
      `${op}, opset 11`,
      fc.tuple(dims, fc.nat(3)).map(([d, axis]) => ({
        op,
        opset: 11,
        inputs: [{ dims: d }],
        attributes: { axis: axis % d.length },
      })),
    ],
  ),
  ...['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceLogSumExp', 'ReduceSumSquare'].map((op) =>
    reduction(op, 'normal'),
  ),
  ...['ReduceMax', 'ReduceMin'].map((op) => reduction(op, 'distinct')),
  ...['ReduceProd', 'ReduceL1'].map((op) => reduction(op, 'away')),
  reduction('ReduceLogSum', 'positive'),
  [
    'ReduceMean, opset 13',
    dims.map((d) => ({
      op: 'ReduceMean',
      opset: 13,
      inputs: [{ dims: d }],
      attributes: { axes: [-1], keepdims: 0 },
    })),
  ],
  [
    'ReduceSum, opset 11',
    dims.map((d) => ({ op: 'ReduceSum', opset: 11, inputs: [{ dims: d }], attributes: { axes: [0] } })),
  ],
  [
    'ReduceProd with a zero',
    fc.tuple(size, size).map(([n, m]) => ({
      op: 'ReduceProd',
      inputs: [{ dims: [n, m + 1], draw: 'halves' as const }, ints([1])],
    })),
  ],
  each('Identity'),
  ['Cast', dims.map((d) => ({ op: 'Cast', inputs: [{ dims: d }], attributes: { to: 11 } }))],
  ['Reshape', dims.map((d) => ({ op: 'Reshape', inputs: [{ dims: d }, ints([-1, d.at(-1) ?? 1])] }))],
  [
    'Reshape with a size of 0, which copies an axis',
    fc
      .tuple(size, size, size)
      .map(([a, b, c]) => ({ op: 'Reshape', inputs: [{ dims: [a, b, c] }, ints([0, -1])] })),
  ],
  [
    'Flatten',
    fc.tuple(dims, fc.nat(4)).map(([d, axis]) => ({
      op: 'Flatten',
      inputs: [{ dims: d }],
      attributes: { axis: axis % (d.length + 1) },
    })),
  ],
  ['Squeeze', dims.map((d) => ({ op: 'Squeeze', inputs: [{ dims: [1, ...d, 1] }, ints([0, -1])] }))],
  [
    'Squeeze, opset 11',
    dims.map((d) => ({
      op: 'Squeeze',
      opset: 11,
      inputs: [{ dims: [...d, 1] }],
      attributes: { axes: [d.length] },
    })),
  ],
  ['Unsqueeze', dims.map((d) => ({ op: 'Unsqueeze', inputs: [{ dims: d }, ints([1, -1])] }))],
  [
    'Unsqueeze, opset 11',
    dims.map((d) => ({ op: 'Unsqueeze', opset: 11, inputs: [{ dims: d }], attributes: { axes: [0, 2] } })),
  ],
  [
    'Transpose',
    fc
      .tuple(size, size, size, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }))
      .map(([a, b, c, perm]) => ({ op: 'Transpose', inputs: [{ dims: [a, b, c] }], attributes: { perm } })),
  ],
  ['Transpose with the default order', dims.map((d) => ({ op: 'Transpose', inputs: [{ dims: d }] }))],
  ...['DCR', 'CRD'].map(
    (mode): Row => [
      `DepthToSpace ${mode}`,
      fc.tuple(size, size, size).map(([c, h, w]) => ({
        op: 'DepthToSpace',
        inputs: [{ dims: [2, c * 4, h, w] }],
        attributes: { blocksize: 2, mode },
      })),
    ],
  ),
  [
    'SpaceToDepth',
    fc.tuple(size, size, size).map(([c, h, w]) => ({
      op: 'SpaceToDepth',
      inputs: [{ dims: [1, c, h * 2, w * 2] }],
      attributes: { blocksize: 2 },
    })),
  ],
  [
    'Trilu',
    fc
      .tuple(size, size, size, flag)
      .map(([n, h, w, upper]) => ({ op: 'Trilu', inputs: [{ dims: [n, h, w] }], attributes: { upper } })),
  ],
  [
    'Concat',
    fc.tuple(size, size, size, size, fc.nat(2)).map(([a, b, c, other, axis]) => ({
      op: 'Concat',
      inputs: [a, other, other + 1].map((n) => ({ dims: [a, b, c].map((d, i) => (i === axis ? n : d)) })),
      attributes: { axis: axis - (other % 2 ? 3 : 0) },
    })),
  ],
  [
    'Split into equal parts',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'Split',
      inputs: [{ dims: [a, b * 3] }],
      attributes: { axis: -1, num_outputs: 3 },
      outputs: [true, false, true],
    })),
  ],
  [
    'Split into given sizes',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'Split',
      inputs: [{ dims: [a + b, c] }, ints([a, b])],
      outputs: [false, true],
    })),
  ],
  [
    'Split, opset 11',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'Split',
      opset: 11,
      inputs: [{ dims: [a + b, c] }],
      attributes: { split: [a, b] },
      outputs: [true, true],
    })),
  ],
  [
    'Slice',
    fc
      .tuple(
        size,
        size,
        fc.integer({ min: -5, max: 4 }),
        fc.integer({ min: -4, max: 6 }),
        fc.constantFrom(1, 2, -1, -2),
      )
      .filter(([a, , start, end, step]) => sliceCount(a + 2, start, end, step) > 0)
      .map(([a, b, start, end, step]) => ({
        op: 'Slice',
        inputs: [{ dims: [b, a + 2] }, ints([start]), ints([end]), ints([-1]), ints([step])],
      })),
  ],
  [
    'Slice along two axes',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'Slice',
      inputs: [{ dims: [a + 1, b + 1, 2] }, ints([1, -2]), ints([9, 2 ** 31])],
    })),
  ],
  [
    'Pad',
    fc
      .tuple(size, size, fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }))
      .map(([a, b, pads]) => ({ op: 'Pad', inputs: [{ dims: [a, b] }, ints(pads)] })),
  ],
  [
    'Pad with positive and negative pads',
    fc
      .tuple(size, size)
      .map(([a, b]) => ({ op: 'Pad', inputs: [{ dims: [a + 2, b + 2] }, ints([1, -1, 0, 2])] })),
  ],
  [
    'Pad with a trained value',
    fc
      .tuple(size, size, fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 4, maxLength: 4 }), flag)
      .map(([a, b, pads, axes]) => ({
        op: 'Pad',
        inputs: [
          { dims: [a + 2, b + 2] },
          ints(axes ? pads.slice(0, 2) : pads),
          { dims: [], fixed: true },
          axes ? ints([-1]) : undefined,
        ],
      })),
  ],
  [
    'OneHot with trained values',
    fc.tuple(size, size, fc.constantFrom(-1, 0, 1)).map(([a, b, axis]) => ({
      op: 'OneHot',
      inputs: [
        { ...ints(Array.from({ length: a * b }, (_, i) => (i % 6) - 2)), dims: [a, b] },
        { ...ints([4]), dims: [] },
        { dims: [2] },
      ],
      attributes: { axis },
    })),
  ],
  [
    'Range with trained inputs',
    fc.tuple(size, flag).map(([n, up]) => ({
      op: 'Range',
      step: 0.01,
      inputs: [
        { dims: [], draw: 'unit' as const },
        { dims: [], values: [(up ? 1 : -1) * (n + 5.3)] },
        { dims: [], draw: 'positive' as const, ...(up ? {} : { values: [-1] }) },
      ],
    })),
  ],
  ['Pow with exponent 0', dims.map((d) => ({ op: 'Pow', inputs: [{ dims: d }, { dims: [], values: [0] }] }))],
  ...['reflect', 'edge', 'wrap'].map(
    (mode): Row => [
      `Pad ${mode}`,
      fc.tuple(size, size).map(([a, b]) => ({
        op: 'Pad',
        opset: 19,
        inputs: [{ dims: [a + 2, b + 2] }, ints([1, 0, 2, 1])],
        attributes: { mode },
      })),
    ],
  ),
  [
    'Pad along chosen axes',
    fc
      .tuple(size, size)
      .map(([a, b]) => ({ op: 'Pad', inputs: [{ dims: [a, b, 2] }, ints([1, 2]), undefined, ints([-2])] })),
  ],
  [
    'Gather',
    fc
      .tuple(dims, fc.nat(3), fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 5 }))
      .map(([d, axis, at]) => {
        const n = d[axis % d.length] ?? 1;
        return {
          op: 'Gather',
          inputs: [{ dims: d }, ints(at.map((i) => i % n))],
          attributes: { axis: (axis % d.length) - (axis % 2 ? d.length : 0) },
        };
      }),
  ],
  [
    'Gather with a matrix of indices',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'Gather',
      inputs: [{ dims: [a, b] }, { ...ints([0, a - 1, -1, 0]), dims: [2, 2] }],
      attributes: { axis: 0 },
    })),
  ],
  [
    'Gather with one index',
    fc.tuple(size, size, flag).map(([a, b, axis]) => ({
      op: 'Gather',
      inputs: [{ dims: [a, b] }, { ...ints([-1]), dims: [] }],
      attributes: { axis },
    })),
  ],
  [
    'GatherElements',
    fc.tuple(size, flag).map(([a, axis]) => ({
      op: 'GatherElements',
      inputs: [
        { dims: [a, a] },
        { ...ints([0, a - 1, 0, -1].slice(0, a === 1 ? 1 : 4)), dims: a === 1 ? [1, 1] : [2, 2] },
      ],
      attributes: { axis },
    })),
  ],
  [
    'GatherND',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'GatherND',
      inputs: [{ dims: [a, b, 2] }, { ...ints([0, b - 1, a - 1, 0, 0, 0]), dims: [3, 2] }],
    })),
  ],
  [
    'ScatterElements',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'ScatterElements',
      inputs: [{ dims: [a + 1, b] }, { ...ints([a, 0]), dims: [2, 1] }, { dims: [2, 1] }],
      attributes: { axis: 0 },
    })),
  ],
  [
    'ScatterElements that adds',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'ScatterElements',
      inputs: [{ dims: [a, b] }, { ...ints([0, 0, a - 1]), dims: [3, 1] }, { dims: [3, 1] }],
      attributes: { axis: 0, reduction: 'add' },
    })),
  ],
  ...['none', 'add'].map(
    (reduction): Row => [
      `ScatterND ${reduction}`,
      fc.tuple(size, size).map(([a, b]) => ({
        op: 'ScatterND',
        inputs: [{ dims: [a + 1, b] }, { ...ints([a, 0]), dims: [2, 1] }, { dims: [2, b] }],
        attributes: { reduction },
      })),
    ],
  ),
  [
    'TopK',
    fc.tuple(size, size, flag).map(([a, b, largest]) => ({
      op: 'TopK',
      inputs: [{ dims: [a, b + 1], draw: 'distinct' as const }, ints([b])],
      attributes: { largest },
      outputs: [true, false],
    })),
  ],
  ['Expand', broadcastable.map(([a, b]) => ({ op: 'Expand', inputs: [{ dims: a }, ints(b)] }))],
  [
    'Tile',
    fc
      .tuple(dims, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }))
      .map(([d, repeats]) => ({ op: 'Tile', inputs: [{ dims: d }, ints(repeats.slice(0, d.length))] })),
  ],
  [
    'Where',
    broadcastable.map(([a, b]) => ({
      op: 'Where',
      inputs: [{ dims: [2, 1, 1, 1, 1], type: DataType.BOOL, values: [1, 0] }, { dims: a }, { dims: b }],
    })),
  ],
  [
    'CumSum',
    fc.tuple(dims, flag, flag).map(([d, exclusive, reverse]) => ({
      op: 'CumSum',
      inputs: [{ dims: d }, { ...ints([d.length - 1]), dims: [] }],
      attributes: { exclusive, reverse },
    })),
  ],
  ['Dropout in inference mode', dims.map((d) => ({ op: 'Dropout', inputs: [{ dims: d }] }))],
  ['Conv', convolution(2, false)],
  ['Conv over one spatial axis', convolution(1, false)],
  ['Conv over three spatial axes', convolution(3, false)],
  ['ConvTranspose', convolution(2, true)],
  ['ConvTranspose over one spatial axis', convolution(1, true)],
  ['ConvTranspose over three spatial axes', convolution(3, true)],
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map(
    (auto_pad): Row => [
      `Conv ${auto_pad}`,
      fc.tuple(size, size, fc.constantFrom(1, 2)).map(([h, w, s]) => ({
        op: 'Conv',
        step: 0.5,
        inputs: [
          { dims: [1, 2, h + 3, w + 3], fixed: true },
          { dims: [3, 2, 3, 2], fixed: true },
        ],
        attributes: { auto_pad, strides: [s, s] },
      })),
    ],
  ),
  [
    'ConvTranspose with output_shape',
    fc.tuple(size, size).map(([h, w]) => ({
      op: 'ConvTranspose',
      step: 0.5,
      inputs: [
        { dims: [1, 2, h, w], fixed: true },
        { dims: [2, 2, 3, 3], fixed: true },
      ],
      attributes: { strides: [2, 2], output_shape: [2 * h, 2 * w] },
    })),
  ],
  ['MaxPool', pools('MaxPool', 'distinct')],
  ['AveragePool', pools('AveragePool', 'normal')],
  ['LpPool', pools('LpPool', 'away')],
  ...['MaxPool', 'AveragePool'].flatMap((op) =>
    ['SAME_UPPER', 'SAME_LOWER', 'VALID'].map(
      (auto_pad): Row => [
        `${op} ${auto_pad}`,
        fc.tuple(size, size).map(([h, w]) => ({
          op,
          inputs: [{ dims: [2, 2, h + 2, w + 2], draw: 'distinct' as const, fixed: true }],
          attributes: { auto_pad, kernel_shape: [3, 2], strides: [2, 2] },
        })),
      ],
    ),
  ),
  ['GlobalAveragePool', images('GlobalAveragePool')],
  ['GlobalMaxPool', images('GlobalMaxPool', 'distinct')],
  // ONNX Runtime 1.30 has no kernel for the opset 22 version.
  ['GlobalLpPool', images('GlobalLpPool', 'away').map((c) => ({ ...c, opset: 21 }))],
  [
    'LayerNormalization',
    fc.tuple(size, size, size, flag).map(([a, b, c, axis]) => ({
      op: 'LayerNormalization',
      inputs: [
        { dims: [a, b, c + 1] },
        { dims: axis ? [b, c + 1] : [c + 1] },
        { dims: axis ? [b, c + 1] : [c + 1] },
      ],
      attributes: { axis: axis ? 1 : -1, epsilon: f(0.1) },
    })),
  ],
  [
    'LayerNormalization, all outputs',
    fc.tuple(size, size, size, fc.constantFrom(1, 2, 3, 4, 5, 6, 7)).map(([a, b, c, used]) => ({
      op: 'LayerNormalization',
      inputs: [{ dims: [a, b, c + 1] }, { dims: [c + 1] }, { dims: [c + 1] }],
      attributes: { axis: -1, epsilon: f(0.1) },
      outputs: [0, 1, 2].map((i) => ((used >> i) & 1) === 1),
    })),
  ],
  [
    'InstanceNormalization',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'InstanceNormalization',
      inputs: [{ dims: [a, b, c + 1, 2] }, { dims: [b] }, { dims: [b] }],
      attributes: { epsilon: f(0.1) },
    })),
  ],
  [
    'GroupNormalization, opset 18',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'GroupNormalization',
      opset: 18,
      inputs: [{ dims: [a, 2 * b, c + 1, 2] }, { dims: [2] }, { dims: [2] }],
      attributes: { num_groups: 2, epsilon: f(0.1) },
    })),
  ],
  [
    'GroupNormalization, opset 21',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'GroupNormalization',
      opset: 21,
      inputs: [{ dims: [a, 2 * b, c + 1, 2] }, { dims: [2 * b] }, { dims: [2 * b] }],
      attributes: { num_groups: 2, epsilon: f(0.1) },
      single: true,
    })),
  ],
  [
    'RMSNormalization',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'RMSNormalization',
      opset: 23,
      inputs: [{ dims: [a, b + 1] }, { dims: [b + 1] }],
      attributes: { epsilon: f(0.1) },
    })),
  ],
  ...[1, 2].map(
    (p): Row => [
      `LpNormalization ${p}`,
      fc.tuple(size, size, flag).map(([a, b, axis]) => ({
        op: 'LpNormalization',
        inputs: [{ dims: [a + 1, b + 1], draw: 'away' as const }],
        attributes: { p, axis },
      })),
    ],
  ),
  [
    'MeanVarianceNormalization',
    fc
      .tuple(size, size)
      .map(([a, b]) => ({ op: 'MeanVarianceNormalization', inputs: [{ dims: [2, a, b + 2, 2] }] })),
  ],
  [
    'LRN',
    fc.tuple(size, size, fc.constantFrom(1, 3, 5)).map(([a, b, n]) => ({
      op: 'LRN',
      inputs: [{ dims: [2, a + 1, b, 2] }],
      attributes: { size: n, alpha: f(0.5), beta: f(0.6), bias: f(1.2) },
    })),
  ],
  [
    'BatchNormalization, frozen',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'BatchNormalization',
      inputs: [
        { dims: [a, b, c, 2] },
        { dims: [b] },
        { dims: [b] },
        { dims: [b], constant: true },
        { dims: [b], draw: 'positive' as const, constant: true },
      ],
    })),
  ],
  [
    'BatchNormalization, training',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'BatchNormalization',
      inputs: [
        { dims: [a + 1, b, c, 2] },
        { dims: [b] },
        { dims: [b] },
        { dims: [b], constant: true },
        { dims: [b], draw: 'positive' as const, constant: true },
      ],
      attributes: { training_mode: 1, epsilon: f(0.1) },
      outputs: [true, false, false],
    })),
  ],
  [
    'BatchNormalization, training, with its running statistics',
    fc.tuple(size, size, size, fc.boolean()).map(([a, b, c, y]) => ({
      op: 'BatchNormalization',
      inputs: [
        { dims: [a + 1, b, c, 2] },
        { dims: [b] },
        { dims: [b] },
        { dims: [b], computed: true },
        { dims: [b], draw: 'positive' as const, computed: true },
      ],
      attributes: { training_mode: 1, epsilon: f(0.1), momentum: f(0.7) },
      outputs: [y, true, true],
    })),
  ],
  [
    'BatchNormalization, frozen, with computed statistics',
    fc.tuple(size, size, size).map(([a, b, c]) => ({
      op: 'BatchNormalization',
      inputs: [
        { dims: [a, b, c, 2] },
        { dims: [b] },
        { dims: [b] },
        { dims: [b], computed: true },
        { dims: [b], draw: 'positive' as const, computed: true },
      ],
    })),
  ],
  ...['nearest', 'linear', 'cubic'].flatMap((mode) =>
    ['half_pixel', 'align_corners', 'asymmetric'].map(
      (coordinates): Row => [
        `Resize ${mode} ${coordinates}`,
        fc.tuple(size, size, flag).map(([h, w, sized]) => ({
          op: 'Resize',
          step: 0.5,
          inputs: [
            { dims: [1, 2, h + 1, w + 1], fixed: true },
            undefined,
            sized ? undefined : { dims: [4], type: DataType.FLOAT, values: [1, 1, 2, 1.5] },
            sized ? ints([1, 2, h + 2, 2 * w + 1]) : undefined,
          ],
          attributes: { mode, coordinate_transformation_mode: coordinates },
        })),
      ],
    ),
  ),
  [
    'Resize, opset 11',
    fc.tuple(size, size).map(([h, w]) => ({
      op: 'Resize',
      opset: 11,
      step: 0.5,
      inputs: [
        { dims: [2, 1, h, w] },
        { dims: [0], type: DataType.FLOAT, values: [] },
        { dims: [4], type: DataType.FLOAT, values: [1, 1, 2, 3] },
      ],
      attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    })),
  ],
  [
    'Upsample',
    fc.tuple(size, size).map(([h, w]) => ({
      op: 'Upsample',
      opset: 9,
      step: 0.5,
      inputs: [{ dims: [1, 2, h, w] }, { dims: [4], type: DataType.FLOAT, values: [1, 1, 2, 2] }],
      attributes: { mode: 'nearest' },
    })),
  ],
  [
    'GatherND with batch axes',
    fc.tuple(size, size).map(([a, b]) => ({
      op: 'GatherND',
      inputs: [{ dims: [2, a, b] }, { ...ints([0, a - 1, a - 1, 0]), dims: [2, 2, 1] }],
      attributes: { batch_dims: 1 },
    })),
  ],
  ...(
    [
      ['ij,jk->ik', [2, 3], [3, 4]],
      ['bij,bjk->bik', [2, 2, 3], [2, 3, 4]],
      ['bhqd,bhkd->bhqk', [2, 2, 3, 2], [2, 2, 4, 2]],
      ['...i,...i->...', [3, 2, 4], [3, 2, 4]],
      ['ij,j', [2, 3], [3]],
      ['ij,kl->il', [2, 3], [4, 2]],
      ['i,j->ij', [2], [3]],
      ['bi,bj->b', [2, 3], [2, 2]],
    ] as const
  ).map(
    ([equation, a, b]): Row => [
      `Einsum ${equation}`,
      fc.constant({ op: 'Einsum', inputs: [{ dims: a }, { dims: b }], attributes: { equation } }),
    ],
  ),
  [
    'Einsum of one operand',
    fc.constant({ op: 'Einsum', inputs: [{ dims: [2, 3, 4] }], attributes: { equation: 'abc->ca' } }),
  ],
  ...['bii->bi', 'bii->b', 'bii->ib', '...ii->...i', 'aba->'].map(
    (equation): Row => [
      `Einsum of a diagonal, ${equation}`,
      size.map((n) => ({
        op: 'Einsum',
        inputs: [{ dims: equation === 'aba->' ? [n, 2, n] : [2, n, n] }],
        attributes: { equation },
      })),
    ],
  ),
  [
    'Einsum of a diagonal and another operand',
    size.map((n) => ({
      op: 'Einsum',
      inputs: [{ dims: [2, n, n] }, { dims: [n, 3] }],
      attributes: { equation: 'bii,ic->bc' },
    })),
  ],
  ...(['RNN', 'GRU', 'LSTM'] as const).flatMap((op) =>
    ['forward', 'reverse', 'bidirectional'].map(
      (direction): Row => [`${op} ${direction}`, recurrence(op, direction)],
    ),
  ),
  ...(['RNN', 'GRU', 'LSTM'] as const).map(
    (op): Row => [
      `${op} over sequences of different lengths`,
      fc
        .tuple(recurrence(op, 'bidirectional'), fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }))
        .map(([c, lengths]) => {
          const [steps = 1, n = 1] = c.inputs[0]?.dims ?? [];
          const inputs = [...c.inputs];
          // At least one sequence has all steps of the batch.
          const values = lengths.slice(0, n).map((length, i) => (i === 0 ? steps : Math.min(length, steps)));
          inputs[4] = { dims: [n], type: DataType.INT32, values };
          return { ...c, inputs };
        }),
    ],
  ),
  [
    'LSTM with HardSigmoid as gate activation',
    recurrence('LSTM', 'bidirectional').map((c) => ({
      ...c,
      // These inputs stay away from the kinks of HardSigmoid.
      inputs: c.inputs.map((input) => input && { ...input, draw: 'unit' as const }),
      attributes: {
        ...c.attributes,
        activations: ['HardSigmoid', 'Tanh', 'Tanh', 'Sigmoid', 'Softsign', 'HardSigmoid'],
        activation_alpha: { floats: [0.1, 0.15] },
        activation_beta: { floats: [0.45, 0.55] },
      },
    })),
  ],
  ...[1, 2, 3].map(
    (axes): Row => [
      `Conv over ${axes} spatial axes, whose weight gradient is computed by a convolution`,
      fc
        .tuple(size, fc.constantFrom(1, 2), flag, fc.constantFrom(6, 7), fc.constantFrom(4, 5))
        .map(([m, stride, pad, channels, length]) => ({
          op: 'Conv',
          step: 0.5,
          inputs: [
            { dims: [2, channels, ...[length, 5, 4].slice(0, axes)], fixed: true },
            { dims: [m, channels, ...[2, 3, 2].slice(0, axes)], fixed: true },
          ],
          attributes: {
            strides: Array(axes).fill(stride),
            pads: [...Array(axes).fill(pad), ...Array(axes).fill(1)],
          },
        })),
    ],
  ),
];

it('takes the derivative of a root at 0 as 0, so that a distance of 0 has a finite gradient', async () => {
  const float = DataType.FLOAT;
  const model = makeModel({
    inputs: [{ name: 'x', type: float, dims: [3] }],
    outputs: [{ name: 'y', type: float, dims: [3] }],
    initializers: [
      { name: 'w', type: float, dims: [3], values: [1, 2, 3] },
      { name: 'half', type: float, dims: [], values: [0.5] },
    ],
    nodes: [
      { op: 'Sub', inputs: ['x', 'w'], outputs: ['d'] },
      { op: 'Mul', inputs: ['d', 'd'], outputs: ['s'] },
      { op: 'Sqrt', inputs: ['s'], outputs: ['a'] },
      { op: 'Pow', inputs: ['s', 'half'], outputs: ['b'] },
      { op: 'Add', inputs: ['a', 'b'], outputs: ['y'] },
    ],
  });
  const trainer = await createTrainer(ort, model, { loss: 'mse', optimizer: sgd() });
  const x = new ort.Tensor('float32', Float32Array.of(1, 4, 3), [3]);
  const target = new ort.Tensor('float32', new Float32Array(3), [3]);
  const gradient = (await trainer.gradients({ x, target })).get('w')?.data;
  // y = 2·|x − w|, so d mean(y²)/dw = 8·(w − x)/3.
  expect(gradient?.[0]).toBeCloseTo(0, 9);
  expect(gradient?.[1]).toBeCloseTo(-16 / 3, 5);
  expect(gradient?.[2]).toBeCloseTo(0, 9);
  await trainer.dispose();
});

describeGradients(rows);
