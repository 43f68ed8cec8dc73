import { sgd } from '@clr/core';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { buildGradientModel } from '../index.ts';
import { channelBlockOf } from '../runtime/channelBlock.ts';
import { blockedDomain } from './blockedConv.ts';
import { DataType } from './dataType.ts';
import { readModel } from './model.ts';

const float = DataType.FLOAT;
const block = await channelBlockOf(ort, {});

interface Case {
  readonly examples: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Each channel has a kernel of its own. */
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

/** Σ y², y a convolution whose data, kernel and bias are trained. */
function modelOf({ examples, inputs, outputs, separate, size, bias, ...window }: Case): Uint8Array {
  const stored = [
    { name: 'x', dims: [examples, inputs, ...size] },
    { name: 'w', dims: [separate ? inputs : outputs, separate ? 1 : inputs, ...window.kernel] },
    ...(bias ? [{ name: 'b', dims: [separate ? inputs : outputs] }] : []),
  ];
  const { kernel, ...rest } = window;
  return makeModel({
    outputs: [{ name: 'loss', type: float, dims: [] }],
    initializers: stored.map(({ name, dims }, i) => ({
      name,
      type: float,
      dims,
      values: values(product(dims), i),
    })),
    nodes: [
      {
        op: 'Conv',
        inputs: stored.map(({ name }) => name),
        outputs: ['y'],
        attributes: { kernel_shape: kernel, ...rest, group: separate ? inputs : 1 },
      },
      { op: 'ReduceSumSquare', inputs: ['y'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
}

async function outcome(
  model: Uint8Array,
  channelBlock: number,
): Promise<{ blocked: number; results: Map<string, Float32Array> }> {
  const options = { loss: { output: 'loss' }, optimizer: sgd(), channelBlock } as const;
  const { bytes, state } = buildGradientModel(model, options);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const feeds = state.map(({ input, initial }) => [
    input,
    new ort.Tensor(initial as Float32Array, [initial.length]),
  ]);
  const found = await session.run(Object.fromEntries(feeds));
  await session.release();
  return {
    blocked: readModel(bytes).graph.node.filter(
      ({ domain, opType }) => domain === blockedDomain && opType === 'Conv',
    ).length,
    results: new Map(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array])),
  };
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const cases: fc.Arbitrary<Case> = fc
  .record({
    examples: fc.integer({ min: 1, max: 3 }),
    inputs: fc.constantFrom(block, 2 * block),
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
    // No padding beyond the kernel, and room for the window everywhere.
    const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
    const pads = [before, after].flatMap((side) => side.map((pad, i) => Math.min(pad, reach[i]! - 1)));
    return { ...rest, kernel, dilations, pads, size: places.map((count, i) => reach[i]! + count - 1) };
  });

describe.skipIf(block === 1)('convolutions on channels in blocks', () => {
  it('give the loss and the gradients of the plain form', async () => {
    let blocked = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const model = modelOf(c);
        const [plain, other] = [await outcome(model, 1), await outcome(model, block)];
        expect(plain.blocked).toBe(0);
        blocked += other.blocked;
        for (const [name, data] of plain.results) {
          const found = other.results.get(name)!;
          const scale = Math.max(...data.map(Math.abs));
          const error = Math.max(...data.map((value, i) => Math.abs(value - found[i]!)));
          expect(error, name).toBeLessThan(1e-5 * scale);
        }
      }),
      { numRuns: 200 },
    );
    // The way there, and in about half of the cases the way back to the input.
    expect(blocked).toBeGreaterThan(200);
  });

  it('are written where all channels fill blocks and a kernel has more than one element', async () => {
    const base: Case = {
      examples: 2,
      inputs: block,
      outputs: block,
      separate: false,
      size: [6, 6],
      kernel: [3, 3],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [1, 1, 1, 1],
      bias: true,
    };
    const blocked = async (change: Partial<Case>): Promise<number> =>
      (await outcome(modelOf({ ...base, ...change }), block)).blocked;
    expect(await blocked({})).toBe(2);
    expect(await blocked({ separate: true })).toBe(2);
    expect(await blocked({ inputs: 3 })).toBe(0);
    expect(await blocked({ outputs: block + 4 })).toBe(0);
    expect(await blocked({ kernel: [1, 1], pads: [0, 0, 0, 0] })).toBe(0);
  });

  it('are left out below the optimisation level at which the runtime changes layouts', async () => {
    expect(await channelBlockOf(ort, { graphOptimizationLevel: 'extended' })).toBe(1);
    expect(await channelBlockOf(ort, { graphOptimizationLevel: 'layout' })).toBe(block);
    expect(await channelBlockOf(ort, { executionProviders: ['webgpu'] })).toBe(1);
    expect(await channelBlockOf({ ...ort, env: {} as never }, {})).toBe(1);
  });
});
