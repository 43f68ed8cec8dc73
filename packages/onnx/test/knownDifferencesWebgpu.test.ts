import { meets } from '@clr/tooling/needs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import { makeModel } from './makeModel.ts';
import { obstacle } from './webgpuProvider.ts';

// Each test checks the row of docs/known-differences.md whose name its title begins with.

const why = await obstacle();
const runs = meets('webgpu', why === undefined, `onnxruntime-node's WebGPU provider: ${why}`);

interface Stored {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** Runs one node on a provider. */
async function run(
  provider: string,
  op: string,
  [x, ...stored]: readonly [Stored, ...Stored[]],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Promise<number[]> {
  const names = stored.map((_, i) => `w${i}`);
  const bytes = makeModel({
    inputs: [{ name: 'x', type: DataType.FLOAT, dims: x.dims }],
    outputs: [{ name: 'y', type: DataType.FLOAT, dims: undefined }],
    initializers: stored.map((tensor, i) => ({ ...tensor, name: names[i] as string, type: DataType.FLOAT })),
    nodes: [{ op, inputs: ['x', ...names], outputs: ['y'], attributes }],
  });
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [provider],
    logSeverityLevel: 4,
  });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.from(x.values), x.dims) });
  await session.release();
  return Array.from(y!.data as Float32Array);
}

const row = (...values: number[]): Stored => ({ dims: [1, values.length], values });
const { NaN: nan } = Number;

// A software adapter takes about a second to compile each shader.
describe.skipIf(!runs)('onnxruntime-node 1.30.0, WebGPU provider', () => {
  it('webgpu-log-sum-exp: ReduceLogSumExp overflows from 89 on', async () => {
    expect(await run('cpu', 'ReduceLogSumExp', [row(90, 120, 150)], { keepdims: 0 })).toEqual([150]);
    expect(await run('webgpu', 'ReduceLogSumExp', [row(90, 120, 150)], { keepdims: 0 })).toEqual([Infinity]);
  });

  it('webgpu-nan-lost: a NaN becomes a finite number', async () => {
    expect(await run('cpu', 'Softmax', [row(1, nan, 2)])).toEqual([nan, nan, nan]);
    expect(await run('webgpu', 'Softmax', [row(1, nan, 2)])).toEqual([0, 0, 0]);
    for (const op of ['Relu', 'Sigmoid', 'HardSigmoid']) {
      expect(await run('cpu', op, [row(nan)]), op).toEqual([nan]);
      expect((await run('webgpu', op, [row(nan)]))[0], op).toSatisfy(Number.isFinite);
    }
  });

  it('webgpu-below-zero: Log and roots of negative numbers are finite', async () => {
    const exponent = { dims: [], values: [0.5] };
    expect(await run('cpu', 'Pow', [row(-2), exponent])).toEqual([nan]);
    expect((await run('webgpu', 'Pow', [row(-2), exponent]))[0]).toBeCloseTo(Math.SQRT2, 3);
    expect(await run('cpu', 'Log', [row(-2)])).toEqual([nan]);
    expect((await run('webgpu', 'Log', [row(-2)]))[0]).toBeCloseTo(Math.LN2, 3);
  });

  it('webgpu-grouped-transpose: ConvTranspose is wrong with one output in each group', async () => {
    const x = { dims: [1, 4, 1, 1], values: [1, 2, 3, 4] };
    const kernel = { dims: [4, 1, 1, 1], values: [1, 10, 100, 1000] };
    const wanted = [21, 4300];
    expect(await run('cpu', 'ConvTranspose', [x, kernel], { group: 2 })).toEqual(wanted);
    expect(await run('webgpu', 'ConvTranspose', [x, kernel], { group: 2 })).not.toEqual(wanted);
  });
});
