import fc from 'fast-check';
import type { InputSpec, OperatorCase } from '../../test/checkGradient.ts';
import { describeGradients, type Row, size } from '../../test/describeGradients.ts';
import { DataType } from '../format/dataType.ts';

type Case = Omit<OperatorCase, 'seed'>;

/** The sizes of a case. Each head of the keys and values serves `shared` query heads. */
type Sizes = Readonly<Record<'batch' | 'heads' | 'shared' | 'queries' | 'keys' | 'width', number>>;

const sizes: fc.Arbitrary<Sizes> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  heads: fc.constantFrom(1, 2),
  shared: fc.constantFrom(1, 2),
  queries: size,
  keys: size,
  width: fc.integer({ min: 2, max: 3 }),
});

const form = (name: string, change: (c: Case, s: Sizes) => Case): Row => [
  `Attention ${name}`,
  sizes.map((s) => {
    const { batch, heads, shared, queries, keys, width } = s;
    const inputs: InputSpec[] = [
      { dims: [batch, heads * shared, queries, width], fixed: true },
      { dims: [batch, heads, keys, width], fixed: true },
      { dims: [batch, heads, keys, width + 1], fixed: true },
    ];
    return change({ op: 'Attention', opset: 23, inputs }, s);
  }),
];

const bias = (s: { queries: number; keys: number }): InputSpec => ({
  dims: [s.queries, s.keys],
  fixed: true,
});

describeGradients([
  form('with a separate axis for the heads', (c) => c),
  form('with all heads in one axis', (c, { batch, heads, shared, queries, keys, width }) => ({
    ...c,
    inputs: [
      { dims: [batch, queries, heads * shared * width], fixed: true },
      { dims: [batch, keys, heads * width], fixed: true },
      { dims: [batch, keys, heads * width], fixed: true },
    ],
    attributes: { q_num_heads: heads * shared, kv_num_heads: heads, scale: { float: 0.7 } },
  })),
  form('with a learned bias', (c, s) => ({ ...c, inputs: [...c.inputs, bias(s)] })),
  form('with a mask', (c, { queries, keys }) => {
    const values = Array.from({ length: queries * keys }, (_, i) => (i % keys === 0 || i % 3 === 0 ? 1 : 0));
    return { ...c, inputs: [...c.inputs, { dims: [queries, keys], type: DataType.BOOL, values }] };
  }),
  form('causal', (c) => ({ ...c, attributes: { is_causal: 1 } })),
  form('with a soft cap', (c, s) => ({
    ...c,
    inputs: [...c.inputs, bias(s)],
    attributes: { softcap: { float: 1.5 } },
  })),
  form('with past keys and values', (c, { batch, heads, width }) => ({
    ...c,
    inputs: [
      ...c.inputs,
      undefined,
      { dims: [batch, heads, 2, width], fixed: true },
      { dims: [batch, heads, 2, width + 1], fixed: true },
    ],
    attributes: { is_causal: 1 },
    outputs: [true, true, true],
  })),
  ...[0, 1].map(
    (interleaved): Row => [
      `RotaryEmbedding, interleaved ${interleaved}`,
      fc.tuple(size, size, size, fc.boolean()).map(([batch, heads, steps, placed]) => ({
        op: 'RotaryEmbedding',
        opset: 23,
        step: 0.5,
        inputs: [
          { dims: [batch, heads, steps, 4] },
          { dims: placed ? [5, 2] : [batch, steps, 2], constant: true },
          { dims: placed ? [5, 2] : [batch, steps, 2], constant: true },
          ...(placed
            ? [
                {
                  dims: [batch, steps],
                  type: DataType.INT64,
                  values: Array.from({ length: batch * steps }, (_, i) => (3 * i) % 5),
                },
              ]
            : []),
        ],
        attributes: { interleaved },
      })),
    ],
  ),
]);
