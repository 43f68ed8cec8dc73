import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel, makeNode, type NodeSpec, type ValueSpec } from '../../test/makeModel.ts';
import { plainBlocks } from '../../test/plainBlocks.ts';
import { DataType } from '../format/dataType.ts';
import { readModel, writeModel } from '../format/model.ts';
import { makeTensor } from '../format/tensor.ts';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
} from '../generated/onnx_pb.ts';
import { operators } from '../gradients/index.ts';
import { attributesOf, type ConvForm } from '../graph/convForm.ts';
import type { Attributes } from '../graph/graph.ts';
import { Ops } from '../graph/ops.ts';
import { privateDomain, privateOperators } from '../graph/privateOperators.ts';
import { channelBlockOf } from '../runtime/channelBlock.ts';
import { finish } from './finish.ts';
import { lower } from './lower.ts';
import type { Row } from './row.ts';
import { rows } from './rows.ts';
import { isFor, type Target } from './target.ts';

const own = await channelBlockOf(ort, {});

/**
 * A test case for an operator: its inputs by name, and its nodes. The last node is the one whose forms are compared.
 */
interface Use {
  readonly inputs: readonly ValueSpec[];
  readonly data: Readonly<Record<string, ort.Tensor>>;
  readonly nodes: readonly NodeSpec[];
  /** How many outputs the last node has. */
  readonly outputs: number;
}

const float = DataType.FLOAT;
const product = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

/** Numbers without a pattern. They are multiples of ½, so that maxima are often equal and products are exact. */
const numbers = (dims: readonly number[], seed: number, from = -2, to = 2): Float32Array =>
  Float32Array.from({ length: product(dims) }, (_, i) => {
    const unit = Math.abs(Math.sin(seed * 78.233 + i * 12.9898) * 43758.5453) % 1;
    return Math.round(2 * (from + unit * (to - from))) / 2;
  });

/** A test case for one node. Inputs are random floats unless they are given. */
function use(
  op: string,
  inputs: Readonly<Record<string, readonly number[] | ort.Tensor>>,
  attributes: Attributes = {},
  { before = [], outputs = 1, free = false }: { before?: NodeSpec[]; outputs?: number; free?: boolean } = {},
): Use {
  const data = Object.fromEntries(
    Object.entries(inputs).map(([name, given], i) => [
      name,
      'data' in given ? given : new ort.Tensor(numbers(given, i + 1), given),
    ]),
  );
  const made = before.flatMap((node) => node.outputs);
  const names = [...Object.keys(inputs).filter((name) => !name.startsWith('_')), ...made];
  const [opType, domain = ''] = op.split(':').reverse() as [string, string?];
  const order: Readonly<Record<string, readonly string[]>> = {
    'clr:MaxPoolGrad': ['x', 'y', 'g'],
    'clr:ReluGrad': ['y', made.includes('pooled') ? 'back' : 'g'],
  };
  return {
    data,
    inputs: Object.entries(data).map(([name, { dims, type }]) => ({
      name,
      type: type === 'int64' ? DataType.INT64 : float,
      dims: dims.map((dim, axis) =>
        free && axis === 0 && type === 'float32' && /^[xg]$/.test(name) ? '{n}' : dim,
      ),
    })),
    nodes: [
      ...before,
      {
        op: opType,
        domain,
        inputs: order[op] ?? names,
        outputs: Array.from({ length: outputs }, (_, i) => `out${i}`),
        attributes: Object.fromEntries(
          Object.entries(attributes).filter(([, value]) => value !== undefined),
        ) as never,
      },
    ],
    outputs,
  };
}

const int = (min: number, max: number) => fc.integer({ min, max });
const flag = fc.boolean();

/** A random convolution with `axes` spatial axes: its geometry, and the sizes of its input and output. */
const convolutions = fc
  .record({
    axes: fc.constantFrom(1, 2, 2, 2, 3),
    examples: fc.constantFrom(1, 2, 3, 4, 8),
    channels: fc.constantFrom(1, 3, 6, 8, 16, 32),
    outputs: fc.constantFrom(4, 8, 16, 32),
    grouped: fc.constantFrom('one', 'one', 'two', 'depthwise'),
    numbers: fc.array(int(0, 5), { minLength: 15, maxLength: 15 }),
    single: flag,
    free: flag,
    square: flag,
  })
  .map(({ axes, examples, channels, outputs: others, grouped, numbers, single, free, square }) => {
    const outputs = square ? channels : others;
    const at = (i: number, most: number): number => (numbers[i] as number) % most;
    const list = (from: number, most: number): number[] =>
      Array.from({ length: axes }, (_, i) => at(from + i, most));
    const kernel = list(0, 4).map((n) => n + 1);
    const strides = list(3, 2).map((n) => (single ? 1 : n + 1));
    const dilations = list(6, 2).map((n) => (single ? 1 : n + 1));
    const reach = kernel.map((k, i) => (k - 1) * (dilations[i] as number) + 1);
    const pads = [...list(9, 3), ...list(11, 3)].map((pad, i) =>
      Math.min(pad, (reach[i % axes] as number) - 1),
    );
    const to = list(12, 4).map((n) => n + 1);
    const from = to.map((count, i) => {
      const whole = (count - 1) * (strides[i] as number) + (reach[i] as number);
      return Math.max(1, whole - (pads[i] as number) - (pads[i + axes] as number));
    });
    const padded = from.map((size, i) => size + (pads[i] as number) + (pads[i + axes] as number));
    const places = padded.map(
      (size, i) => Math.floor((size - (reach[i] as number)) / (strides[i] as number)) + 1,
    );
    const group = grouped === 'depthwise' ? channels : grouped === 'two' && channels % 2 === 0 ? 2 : 1;
    const m = grouped === 'depthwise' ? channels : outputs;
    const window = { kernel, strides, dilations, before: pads.slice(0, axes), after: pads.slice(axes) };
    const form: ConvForm = { window, pads, group, axes };
    return {
      form,
      x: [examples, channels, ...from],
      w: [m, channels / group, ...kernel],
      g: [examples, m, ...places],
      free,
    };
  });

const pools = fc
  .record({
    n: int(1, 3),
    c: int(1, 3),
    k: int(1, 3),
    s: int(1, 3),
    more: int(0, 2),
    tiles: flag,
    places: int(1, 4),
    pad: int(0, 1),
  })
  .map(({ n, c, k, s, more, tiles, places, pad }) => {
    const kernel = tiles ? [k, k] : [k, Math.max(1, k - 1)];
    const strides = tiles ? kernel : [s, s];
    const edge = tiles ? 0 : Math.min(pad, Math.min(...kernel) - 1);
    const sizes = kernel.map((size, i) =>
      Math.max(1, (places - 1) * (strides[i] as number) + size + (tiles ? 0 : more) - 2 * edge),
    );
    const to = sizes.map(
      (size, i) => Math.floor((size + 2 * edge - (kernel[i] as number)) / (strides[i] as number)) + 1,
    );
    return {
      x: [n, c, ...sizes],
      g: [n, c, ...to],
      attributes: { kernel_shape: kernel, strides, pads: [edge, edge, edge, edge] },
    };
  });

const batches = fc
  .record({ n: int(1, 4), c: int(1, 5), size: int(1, 4), axes: int(0, 2) })
  .map(({ n, c, size, axes }) => [n, c, ...Array<number>(axes).fill(size)]);

const spread = (dims: readonly number[], seed: number): ort.Tensor =>
  new ort.Tensor(numbers(dims, seed, 0.5, 3), dims);

const transposed = fc
  .record({
    depth: flag,
    n: int(1, 2),
    c: int(1, 4),
    m: fc.constantFrom(1, 2, 16),
    size: int(1, 3),
    k: int(1, 3),
    s: int(1, 2),
    depthwise: flag,
    wide: flag,
    single: flag,
  })
  .map(({ depth, n, c: small, m, size, k, s: given, depthwise, wide, single }) => {
    const axes = depth ? 3 : 2;
    const c = wide ? 16 : small;
    const s = single ? 1 : given;
    const list = (value: number): number[] => Array(axes).fill(value);
    const paired = depthwise && c % 2 === 0 && !wide;
    const w = [c, depthwise ? 1 : m, ...list(k)];
    return use(
      'ConvTranspose',
      { x: [n, c, ...list(size)], w },
      {
        kernel_shape: list(k),
        strides: list(s),
        pads: [...list(Math.min(1, k - 1)), ...list(0)],
        group: paired ? c / 2 : depthwise ? c : 1,
      },
    );
  });

/** Random test cases for each operator that has forms. */
const uses: Readonly<Record<string, fc.Arbitrary<Use>>> = {
  'clr:ReluGrad': fc.tuple(pools, flag).map(([{ x, g, attributes }, pooled]) =>
    pooled
      ? use(
          'clr:ReluGrad',
          { _x: x, g },
          {},
          {
            before: [
              { op: 'Relu', inputs: ['_x'], outputs: ['y'] },
              { op: 'MaxPool', inputs: ['y'], outputs: ['pooled'], attributes },
              {
                op: 'MaxPoolGrad',
                domain: privateDomain,
                inputs: ['y', 'pooled', 'g'],
                outputs: ['back'],
                attributes,
              },
            ],
          },
        )
      : use(
          'clr:ReluGrad',
          { _x: x, g: x },
          {},
          { before: [{ op: 'Relu', inputs: ['_x'], outputs: ['y'] }] },
        ),
  ),
  'clr:StraightThrough': pools.map(({ x }) => use('clr:StraightThrough', { x, y: x })),
  'clr:RoundedWeight': batches.map((x) =>
    use('clr:RoundedWeight', { w: x, scale: spread([], 5), zero: [] }, { least: -3, most: 4 }),
  ),
  'clr:MaxPoolGrad': pools.map(({ x, g, attributes }) =>
    use('clr:MaxPoolGrad', { x, g }, attributes, {
      before: [{ op: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes }],
    }),
  ),
  'clr:ConvInputGrad': convolutions.map(({ form, x, w, g, free }) =>
    use('clr:ConvInputGrad', { x, w, g }, attributesOf(form), { free }),
  ),
  'clr:ConvWeightGrad': convolutions.map(({ form, x, w, g, free }) =>
    use('clr:ConvWeightGrad', { x, w, g }, attributesOf(form), { free }),
  ),
  'clr:BatchNormGrad': batches.map((x) => {
    const c = [x[1] as number];
    return use(
      'clr:BatchNormGrad',
      { x, scale: c, mean: c, variance: spread(c, 9), g: x },
      { epsilon: { float: 1e-3 } },
      { outputs: 3 },
    );
  }),
  'clr:ChannelsLast': batches.filter((x) => x.length > 2).map((x) => use('clr:ChannelsLast', { x })),
  'clr:IsCorrect': fc.tuple(batches, flag).map(([logits, distribution]) => {
    const axis = logits.length - 1;
    const [c = 1] = logits.slice(axis);
    const rest = logits.slice(0, axis);
    const classes = BigInt64Array.from({ length: product(rest) }, (_, i) => BigInt((i * 7) % c));
    const target = distribution ? logits : new ort.Tensor('int64', classes, rest);
    return use('clr:IsCorrect', { logits, target }, { axis });
  }),
  Conv: convolutions.map(({ form, x, w, free }) => use('Conv', { x, w }, attributesOf(form), { free })),
  ConvTranspose: transposed,
  Resize: int(1, 4)
    .map((tens) => 10 * tens)
    .map((size) => ({
      ...use('Resize', { x: [1, 1, size, size] }, { mode: 'nearest' }),
      nodes: [
        makeConstant('scales', [1, 1, 0.7, 0.7]),
        { op: 'Resize', inputs: ['x', '', 'scales'], outputs: ['out0'], attributes: { mode: 'nearest' } },
      ],
    })),
  Split: int(5, 20).map((parts) =>
    use('Split', { x: [2, parts] }, { axis: 1, num_outputs: parts }, { outputs: parts }),
  ),
  BatchNormalization: batches.map((x) => {
    const c = [x[1] as number];
    return use(
      'BatchNormalization',
      { x, scale: c, bias: c, mean: c, variance: spread(c, 9) },
      { training_mode: 1, momentum: { float: 0.75 } },
      { outputs: 3 },
    );
  }),
  LogSoftmax: fc.tuple(batches, int(-1, 1)).map(([x, axis]) => use('LogSoftmax', { x }, { axis })),
  Softmax: fc.tuple(batches, int(-1, 1)).map(([x, axis]) => use('Softmax', { x }, { axis })),
  ReduceLogSumExp: fc
    .tuple(batches, flag)
    .map(([x, kept]) => use('ReduceLogSumExp', { x }, { keepdims: kept ? 1 : 0 })),
  Log: batches.map((x) => use('Log', { x: spread(x, 3) })),
  Pow: batches.map((x) => ({
    ...use('Pow', { x: spread(x, 3) }),
    nodes: [makeConstant('exponent', [1.5], []), { op: 'Pow', inputs: ['x', 'exponent'], outputs: ['out0'] }],
  })),
};

function makeConstant(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): NodeSpec {
  const tensor = makeTensor('', float, dims, values);
  const value = create(AttributeProtoSchema, {
    name: 'value',
    type: AttributeProto_AttributeType.TENSOR,
    t: tensor,
  });
  return { op: 'Constant', inputs: [], outputs: [name], extra: [value] };
}

/** Writes a test case in the form of a row and runs it. The result is `undefined` if the form does not apply. */
async function outcome(
  { inputs, data, nodes, outputs }: Use,
  target: Target,
  chosen: Row | undefined,
): Promise<readonly ort.Tensor[] | undefined> {
  const { graph } = readModel(
    makeModel({ nodes: [], inputs, outputs: [{ name: 'x', type: float, dims: undefined }] }),
  );
  const b = new Ops(graph, 18, operators);
  for (const node of nodes) b.append(makeNode(node));
  const last = b.nodes.at(-1);
  let applied = chosen === undefined;
  const names = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const results = names.map((name) => ({ value: name, name: `result.${name}` }));
  const { nodes: written, standIn } = lower(b, target, (node, forms) => {
    const match = node === last && chosen ? forms.find(({ row }) => row === chosen) : undefined;
    if (match) applied = true;
    if (match) return match;
    // All other nodes are written in their general form. For the comparison, this node is too.
    return node.domain === privateDomain ? forms.at(-1) : undefined;
  });
  const { proto } = finish({
    b,
    nodes: written,
    source: create(ModelProtoSchema),
    inputs: graph.input,
    outputs: results.map(({ value, name }) => ({ value: standIn(value), name })),
    metadata: [],
  });
  if (!applied) return undefined;
  const bytes = writeModel(proto);
  const plain =
    target.channelBlock > 1 && target.channelBlock !== own
      ? plainBlocks(bytes, target.channelBlock).bytes
      : bytes;
  const session = await ort.InferenceSession.create(plain, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const found = await session.run(data);
  await session.release();
  return results.map(({ name }) => found[name] as ort.Tensor);
}

const targetsOf = ({ where }: Row): Target[] =>
  [
    { provider: 'cpu', channelBlock: 1 } as const,
    { provider: 'webgpu', channelBlock: 1 } as const,
    { provider: 'cpu', channelBlock: 8 } as const,
    { provider: 'cpu', channelBlock: 16 } as const,
  ].filter((target) => isFor(where, target) && (where === 'blocks' || target.channelBlock === 1));

const plain: Target = { provider: 'any', channelBlock: 1 };
const lastOf = (operator: string): Row | undefined => rows.filter((row) => row.operator === operator).at(-1);
const titled = rows.map((row): [string, Row] => [`${row.operator} ${row.form}`, row]);

/** The number of cases to compare for each form. */
const enough = 30;

describe('a form', () => {
  it('has a unique name and a reason', () => {
    expect(new Set(titled.map(([title]) => title)).size).toBe(rows.length);
    expect(rows.filter(({ because }) => because.length === 0)).toEqual([]);
  });

  it('exists for every private operator and every target', () => {
    const providers = ['any', 'cpu', 'webgpu'] as const;
    // Operators with graphs inside have one form, which `lower` itself writes.
    const withRows = Object.keys(privateOperators).filter((name) => !/:(If|Scan|Loop)$/.test(name));
    for (const operator of withRows) {
      const forms = rows.filter((row) => row.operator === operator);
      for (const provider of providers) {
        const target = { provider, channelBlock: 1 };
        expect(
          forms.some(({ where }) => isFor(where, target)),
          `${operator} on ${provider}`,
        ).toBe(true);
      }
    }
  });

  it.each(
    titled.filter(([, row]) => row !== lastOf(row.operator) || !row.operator.startsWith(privateDomain)),
  )('gives the same result as the general form: %s', async (_title, row) => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        uses[row.operator] as fc.Arbitrary<Use>,
        fc.constantFrom(...targetsOf(row)),
        async (c, target) => {
          if (count >= enough) return;
          const found = await outcome(c, target, row);
          if (!found) return;
          count += 1;
          const wanted = (await outcome(c, plain, undefined)) as readonly ort.Tensor[];
          for (const [i, { dims, data }] of wanted.entries()) {
            const other = found[i] as ort.Tensor;
            expect(other.dims).toEqual(dims);
            const values = Array.from(data as Float32Array, Number);
            const scale = Math.max(1, ...values.map(Math.abs));
            const errors = Array.from(other.data as Float32Array, (value, at) =>
              Math.abs(Number(value) - (values[at] as number)),
            );
            expect(Math.max(0, ...errors)).toBeLessThanOrEqual(2e-5 * scale);
          }
        },
      ),
      { numRuns: 2000 },
    );
    // A form that no random case reaches would not be tested.
    expect(count).toBeGreaterThan(4);
  });
});
