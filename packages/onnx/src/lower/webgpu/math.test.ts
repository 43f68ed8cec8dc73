import { sgd } from '@clr/core';
import { meets } from '@clr/tooling/needs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../../test/makeModel.ts';
import { obstacle } from '../../../test/webgpuProvider.ts';
import type { AttributeValue } from '../../format/attributes.ts';
import { DataType } from '../../format/dataType.ts';
import { createTrainer, type OnnxTrainer } from '../../index.ts';

const float = DataType.FLOAT;
const why = await obstacle();
const runs = meets('webgpu', why === undefined, `onnxruntime-node's WebGPU provider: ${why}`);

interface Case {
  readonly op: string;
  readonly dims: readonly number[];
  readonly x: readonly number[];
  readonly inputs?: readonly (readonly number[] | number)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** Trains one step with the loss Σ y · (1, 2, …), where y is the operator applied to the trained x. */
async function step(c: Case, provider: 'cpu' | 'webgpu'): Promise<{ loss: number; moved: number[] }> {
  const others = (c.inputs ?? []).map((values, i) => ({
    name: `other${i}`,
    type: typeof values === 'number' ? float : DataType.INT64,
    dims: typeof values === 'number' ? [] : [values.length],
    values: typeof values === 'number' ? [values] : values,
  }));
  const trainer: OnnxTrainer = await createTrainer(
    ort,
    makeModel({
      outputs: [{ name: 'loss', type: float, dims: [] }],
      initializers: [
        { name: 'x', type: float, dims: c.dims, values: c.x },
        { name: 'mix', type: float, dims: [3], values: [1, 2, 3] },
        ...others,
      ],
      nodes: [
        {
          op: c.op,
          inputs: ['x', ...others.map(({ name }) => name)],
          outputs: ['y'],
          attributes: c.attributes ?? {},
        },
        { op: 'Mul', inputs: ['y', 'mix'], outputs: ['products'] },
        { op: 'ReduceSum', inputs: ['products'], outputs: ['loss'], attributes: { keepdims: 0 } },
      ],
    }),
    {
      loss: { output: 'loss' },
      optimizer: sgd(),
      trainable: (name) => name === 'x',
      session: { executionProviders: [provider], logSeverityLevel: 4 },
    },
  );
  const loss = await (await trainer.trainStep({}, { lr: 1 })).loss;
  const now = (await trainer.parameters()).get('x')!.data;
  await trainer.dispose();
  return { loss, moved: Array.from(now, (value, i) => (c.x[i] as number) - value) };
}

const large = [90, 120, 150, -90, -120, -150, 1e20, 1, 1e20];
const square = { dims: [3, 3], x: large } as const;

// A software adapter takes about a second to compile each shader.
describe.skipIf(!runs)(
  'operators whose WebGPU kernels lose large numbers or NaN',
  { timeout: 900_000 },
  () => {
    it.each<[string, Case]>([
      ['the last axis', { op: 'ReduceLogSumExp', ...square, inputs: [[1]], attributes: { keepdims: 0 } }],
      ['the first axis with keepdims', { op: 'ReduceLogSumExp', ...square, inputs: [[0]] }],
      ['all axes', { op: 'ReduceLogSumExp', ...square, attributes: { keepdims: 0 } }],
    ])('ReduceLogSumExp along %s agrees with the CPU', async (_name, c) => {
      const [cpu, gpu] = [await step(c, 'cpu'), await step(c, 'webgpu')];
      expect(Math.abs(gpu.loss - cpu.loss)).toBeLessThan(1e-5 * Math.abs(cpu.loss));
      gpu.moved.forEach((value, i) => {
        expect(value).toBeCloseTo(cpu.moved[i] as number, 4);
      });
    });

    it('Softmax agrees with the CPU, and is NaN in a row with a NaN', async () => {
      const c: Case = { op: 'Softmax', dims: [2, 3], x: [1, 2, 3, -100, 0, 100], attributes: { axis: 1 } };
      const [cpu, gpu] = [await step(c, 'cpu'), await step(c, 'webgpu')];
      expect(gpu.loss).toBeCloseTo(cpu.loss, 5);
      gpu.moved.forEach((value, i) => {
        expect(value).toBeCloseTo(cpu.moved[i] as number, 4);
      });
      expect((await step({ ...c, x: [1, Number.NaN, 3, 1, 2, 3] }, 'webgpu')).loss).toBeNaN();
    });

    it.each<[string, Case]>([
      ['Log', { op: 'Log', dims: [3], x: [0.5, 2, 9] }],
      ['Pow with exponent 1.5', { op: 'Pow', dims: [3], x: [0.5, 2, 9], inputs: [1.5] }],
    ])('%s agrees with the CPU, and is NaN for negative numbers', async (_name, c) => {
      const [cpu, gpu] = [await step(c, 'cpu'), await step(c, 'webgpu')];
      expect(gpu.loss).toBeCloseTo(cpu.loss, 3);
      gpu.moved.forEach((value, i) => {
        expect(value).toBeCloseTo(cpu.moved[i] as number, 3);
      });
      expect((await step({ ...c, x: [1, -2, 3] }, 'webgpu')).loss).toBeNaN();
    });

    it('a NaN before a Relu gives a NaN loss, although the kernel of Relu hides the NaN', async () => {
      const c: Case = { op: 'Relu', dims: [3], x: [1, Number.NaN, 3] };
      expect((await step(c, 'webgpu')).loss).toBeNaN();
    });
  },
);
