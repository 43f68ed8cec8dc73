import { sgd } from '@clr/core';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../../test/makeModel.ts';
import { DataType } from '../../format/dataType.ts';
import { readModel } from '../../format/model.ts';
import { buildGradientModel, type TrainingModel } from '../../index.ts';
import { channelBlockOf } from '../../runtime/channelBlock.ts';
import { blockedDomain } from '../blocks.ts';

const float = DataType.FLOAT;
const block = await channelBlockOf(ort, {});

interface Case {
  readonly op: 'Conv' | 'ConvTranspose';
  readonly examples: number;
  /** Whether the number of examples is known only at run time. */
  readonly free: boolean;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether the convolution is depthwise. */
  readonly separate: boolean;
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly bias: boolean;
}

const values = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 12.9898 * i));

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/**
 * A model with loss Σ y², where y is a convolution. Its input is the sum of a fed and a trained tensor. The kernel and
 * the bias are trained too.
 */
function modelOf({ op, examples, free, inputs, separate, size, bias, ...window }: Case): Uint8Array {
  const outputs = separate ? inputs : window.outputs;
  const perGroup = op === 'Conv' ? [outputs, separate ? 1 : inputs] : [inputs, separate ? 1 : outputs];
  const stored = [
    { name: 'x', dims: [1, inputs, ...size] },
    { name: 'w', dims: [...perGroup, ...window.kernel] },
    ...(bias ? [{ name: 'b', dims: [outputs] }] : []),
  ];
  const { kernel, strides, dilations, pads } = window;
  return makeModel({
    inputs: [{ name: 'fed', type: float, dims: [free ? '{batch}' : examples, inputs, ...size] }],
    outputs: [{ name: 'loss', type: float, dims: [] }],
    initializers: stored.map(({ name, dims }, i) => ({
      name,
      type: float,
      dims,
      values: values(product(dims), i),
    })),
    nodes: [
      { op: 'Add', inputs: ['fed', 'x'], outputs: ['data'] },
      {
        op,
        inputs: ['data', ...stored.slice(1).map(({ name }) => name)],
        outputs: ['y'],
        attributes: { kernel_shape: kernel, strides, dilations, pads, group: separate ? inputs : 1 },
      },
      { op: 'ReduceSumSquare', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
}

function build(c: Case, channelBlock: number): { model: TrainingModel; blocked: number } {
  const options = { loss: { output: 'loss' }, optimizer: sgd(), channelBlock } as const;
  const model = buildGradientModel(modelOf(c), options);
  const convolutions = readModel(model.bytes).graph.node.filter(
    ({ domain, opType }) => domain === blockedDomain && opType === 'Conv',
  );
  return { model, blocked: convolutions.length };
}

async function outcome(
  c: Case,
  channelBlock: number,
): Promise<{ blocked: number; results: Map<string, Float32Array> }> {
  const { model, blocked } = build(c, channelBlock);
  const { bytes, state } = model;
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const feeds = state.map(({ input, initial }) => [
    input,
    new ort.Tensor(initial as Float32Array, [initial.length]),
  ]);
  const dims = [c.examples, c.inputs, ...c.size];
  const fed = new ort.Tensor(values(product(dims), 4), dims);
  const found = await session.run({ fed, ...Object.fromEntries(feeds) });
  await session.release();
  return {
    blocked,
    results: new Map(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array])),
  };
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const cases: fc.Arbitrary<Case> = fc
  .record({
    op: fc.constantFrom('Conv', 'ConvTranspose'),
    examples: fc.constantFrom(1, 2, 3, 4, 8, 12),
    free: fc.boolean(),
    inputs: fc.constantFrom(3, block, 2 * block),
    outputs: fc.constantFrom(block, 2 * block),
    separate: fc.boolean(),
    places: pair(1, 4),
    kernel: pair(1, 4),
    strides: pair(1, 2),
    dilations: pair(1, 2),
    pads: fc.tuple(pair(0, 2), pair(0, 2)),
    bias: fc.boolean(),
  })
  .map(({ places, pads: [before, after], kernel, dilations, ...rest }) => {
    // Each padding is smaller than the kernel's reach, and the input has room for at least one window.
    const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
    const most = (i: number): number => Math.floor((reach[i]! - 1) / (rest.op === 'Conv' ? 1 : 2));
    const pads = [before, after].flatMap((side) => side.map((pad, i) => Math.min(pad, most(i))));
    const size = rest.op === 'Conv' ? places.map((count, i) => reach[i]! + count - 1) : places;
    return { ...rest, kernel, dilations, pads, size };
  });

const base: Case = {
  op: 'Conv',
  examples: 2,
  free: true,
  inputs: 16,
  outputs: 16,
  separate: false,
  size: [6, 6],
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  bias: true,
};

describe('convolutions in NCHWc layout', () => {
  it.skipIf(block === 1)('give the same loss and gradients as in the plain layout', async () => {
    let blocked = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const [plain, other] = [await outcome(c, 1), await outcome(c, block)];
        expect(plain.blocked).toBe(0);
        blocked += other.blocked;
        for (const [name, data] of plain.results) {
          const found = other.results.get(name)!;
          const scale = Math.max(...data.map(Math.abs));
          const error = Math.max(...data.map((value, i) => Math.abs(value - found[i]!)));
          expect(error, name).toBeLessThanOrEqual(1e-5 * scale);
        }
      }),
      { numRuns: 300 },
    );
    // Counts the convolution and, in most cases, the input and weight gradients.
    expect(blocked).toBeGreaterThan(400);
  });

  // Checks the graph only, because a processor runs only its own block size.
  it.each([8, 16])(
    'use blocks of %i if all channels fill the blocks and the kernel has more than one element',
    (channels) => {
      const blocked = (change: Partial<Case>): number =>
        build({ ...base, inputs: channels, outputs: channels, ...change }, channels).blocked;
      // The convolution, its weight gradient and its input gradient.
      expect(blocked({})).toBe(3);
      expect(blocked({ op: 'ConvTranspose' })).toBe(3);
      expect(blocked({ strides: [2, 2] })).toBe(2);
      expect(blocked({ separate: true })).toBe(3);
      expect(blocked({ separate: true, strides: [2, 2] })).toBe(3);
      expect(blocked({ inputs: 3 })).toBe(1);
      expect(blocked({ inputs: 6 })).toBe(2);
      expect(blocked({ outputs: channels + 4 })).toBe(0);
      expect(blocked({ kernel: [1, 1], pads: [0, 0, 0, 0] })).toBe(0);
    },
  );

  it.each([8, 16])('give the same model bytes in every build, in blocks of %i', (channels) => {
    expect(build(base, channels).model.bytes).toEqual(build(base, channels).model.bytes);
  });

  it('are refused for block sizes that no processor has', () => {
    const inBlocks = (options: object): unknown =>
      buildGradientModel(modelOf(base), { loss: { output: 'loss' }, optimizer: sgd(), ...options });
    expect(() => inBlocks({ channelBlock: 7 })).toThrow('Received: channelBlock = 7');
    expect(() => inBlocks({ channelBlock: '8' })).toThrow('Received: channelBlock = "8"');
    expect(() => inBlocks({ channelBlock: 8, provider: 'webgpu' })).toThrow("8 with provider 'webgpu'");
  });

  it('are not used below the optimisation level at which the runtime changes layouts, nor on WebGPU', async () => {
    expect(await channelBlockOf(ort, { graphOptimizationLevel: 'extended' })).toBe(1);
    expect(await channelBlockOf(ort, { graphOptimizationLevel: 'layout' })).toBe(block);
    expect(await channelBlockOf(ort, { executionProviders: ['webgpu'] })).toBe(1);
    expect(await channelBlockOf({ ...ort, env: {} as never }, {})).toBe(1);
  });
});
