import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, type OnnxTrainer, type TrainerOptions } from '../index.ts';
import type { Ort } from './ort.ts';

const float = DataType.FLOAT;
const [inputs, hidden, classes] = [1200, 2500, 1100];
const wave = (n: number, f: number): number[] => Array.from({ length: n }, (_, i) => 0.02 * Math.sin(f * i));

/**
 * A model with 23 MB of weights. With Adam's slots its state exceeds 64 MiB, so only one copy of the state is kept. The
 * file exceeds 16 MiB, so its content is released and read again.
 */
const model = makeModel({
  inputs: [{ name: 'x', type: float, dims: [2, inputs] }],
  outputs: [{ name: 'y', type: float, dims: [2, classes] }],
  initializers: [
    { name: 'a', type: float, dims: [inputs, hidden], values: wave(inputs * hidden, 0.7) },
    { name: 'b', type: float, dims: [hidden, classes], values: wave(hidden * classes, 0.3) },
    { name: 'bias', type: float, dims: [classes], values: wave(classes, 1) },
  ],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'a'], outputs: ['h'] },
    { op: 'Tanh', inputs: ['h'], outputs: ['t'] },
    { op: 'Gemm', inputs: ['t', 'b', 'bias'], outputs: ['y'] },
  ],
});
const batch = {
  x: new ort.Tensor(
    'float32',
    Float32Array.from(wave(2 * inputs, 0.05), (value) => 50 * value),
    [2, inputs],
  ),
  target: new ort.Tensor('int64', BigInt64Array.of(3n, 700n), [2]),
};

async function trainer(
  file: Uint8Array | string,
  more: Partial<TrainerOptions> = {},
  runtime: Ort = ort,
): Promise<OnnxTrainer> {
  const options = { loss: 'crossEntropy', optimizer: adam(), deterministic: true, ...more } as const;
  const made = await createTrainer(runtime, file, options);
  onTestFinished(() => made.dispose());
  return made;
}

async function file(bytes = model): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clr-large-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  return path;
}

/** A runtime that runs out of memory in update number `at`, counted from 0. With NaN, the default, no update fails. */
function failing(): { readonly runtime: Ort; at: number } {
  const control = { at: Number.NaN, runtime: ort as Ort };
  let updates = 0;
  const create = async (...given: Parameters<Ort['InferenceSession']['create']>) => {
    const session = await ort.InferenceSession.create(...(given as [Uint8Array, object]));
    const updating = session.inputNames.some((name) => name.startsWith('gradients.'));
    const run = (...args: Parameters<typeof session.run>) => {
      if (updating && updates++ === control.at) return Promise.reject(new Error('bad allocation'));
      return session.run(...args);
    };
    return { ...session, inputNames: session.inputNames, run, release: () => session.release() };
  };
  control.runtime = { ...ort, InferenceSession: { create } } as unknown as Ort;
  return control;
}

describe('a large model', () => {
  it('is trained bit-identically whether it is updated in parts or as a whole', async () => {
    const parts = await trainer(await file());
    // With `clipNorm`, the update needs the norm of all gradients, so it is not split into parts.
    const whole = await trainer(model, { clipNorm: 1e9 });
    for (let step = 0; step < 2; step++) {
      const [one, other] = [
        await parts.trainStep(batch, { lr: 1e-3 }),
        await whole.trainStep(batch, { lr: 1e-3 }),
      ];
      expect(await one.loss).toBe(await other.loss);
    }
    const saved = await parts.snapshot();
    expect(saved.step).toBe(2);
    expect(await parts.evaluate([batch])).toEqual(await whole.evaluate([batch]));
    await parts.trainStep(batch, { lr: 1e-3 });
    await parts.restore(saved);
    expect(Buffer.compare(await parts.exportModel(), await whole.exportModel())).toBe(0);
  });

  it('is unchanged if the first part of an update fails, and must be restored if a later part fails', async () => {
    const control = failing();
    const made = await trainer(model, {}, control.runtime);
    const start = await made.snapshot();
    const before = await made.exportModel();
    control.at = 0;
    await expect(made.trainStep(batch, { lr: 1e-3 })).rejects.toThrow('bad allocation');
    expect(Buffer.compare(await made.exportModel(), before)).toBe(0);

    control.at = 2;
    await expect(made.trainStep(batch, { lr: 1e-3 })).rejects.toThrow('bad allocation');
    for (const call of [
      () => made.exportModel(),
      () => made.parameters(),
      () => made.snapshot(),
      () => made.trainStep(batch, { lr: 1e-3 }),
      () => made.evaluate([batch]),
    ])
      await expect(call()).rejects.toThrow('an update that failed halfway: ');

    await made.restore(start);
    expect(Buffer.compare(await made.exportModel(), before)).toBe(0);
    await made.trainStep(batch, { lr: 1e-3 });
    const whole = await trainer(model, { clipNorm: 1e9 });
    await whole.trainStep(batch, { lr: 1e-3 });
    expect(Buffer.compare(await made.exportModel(), await whole.exportModel())).toBe(0);
  });

  it('feeds one copy of its frozen weights to every run', async () => {
    const [width, features] = [1024, 1 << 14];
    const random = new Float32Array(width * features);
    for (let i = 0, bits = 1; i < random.length; i++) {
      bits = (Math.imul(bits, 1664525) + 1013904223) | 0;
      random[i] = bits * 2 ** -36;
    }
    // The names differ in length, so that at least one weight is not aligned in the file.
    const frozen = makeModel({
      inputs: [{ name: 'x', type: float, dims: ['n', width] }],
      outputs: [{ name: 'y', type: float, dims: ['n', 4] }],
      initializers: [
        { name: 'w', type: float, dims: [width, features], values: random },
        { name: 'w12', type: float, dims: [features, 64], values: random.subarray(0, 64 * features) },
        { name: 'head', type: float, dims: [64, 4], values: wave(256, 0.3) },
      ],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        { op: 'Tanh', inputs: ['h'], outputs: ['t'] },
        { op: 'MatMul', inputs: ['t', 'w12'], outputs: ['u'] },
        { op: 'MatMul', inputs: ['u', 'head'], outputs: ['y'] },
      ],
    });
    const path = await file(frozen);
    const before = frozen.slice();
    const options = { trainable: (name: string) => name === 'head', loss: 'mse' } as const;
    const [read, given] = [await trainer(path, options), await trainer(frozen, options)];
    const x = new ort.Tensor('float32', random.slice(0, 2 * width), [2, width]);
    const bare = await ort.InferenceSession.create(frozen);
    const { y } = await bare.run({ x });
    await bare.release();
    const some = { x, target: new ort.Tensor('float32', new Float32Array(8), [2, 4]) };
    const mean = ((y as ort.Tensor).data as Float32Array).reduce((sum, value) => sum + value ** 2 / 8, 0);
    for (const made of [read, given]) {
      expect((await made.evaluate([some])).loss / mean).toBeCloseTo(1, 5);
      await made.trainStep(some, { lr: 1e-3 });
      expect((await made.evaluate([some])).loss).toBeLessThan(mean);
    }
    const [one, other] = [await read.exportModel(), await given.exportModel()];
    expect(Buffer.compare(one, other)).toBe(0);
    expect(one.length).toBe(before.length);
    expect(one.filter((byte, i) => byte !== before[i]).length).toBeLessThanOrEqual(1024);
    expect(Buffer.compare(frozen, before)).toBe(0);
  });

  it('is read again for an export, which fails if the file has changed', async () => {
    const path = await file();
    const made = await trainer(path, { trainable: (name) => name === 'bias' });
    expect(Buffer.compare(await made.exportModel(), model)).toBe(0);
    const other = model.slice();
    other[other.length >> 1] = (other[other.length >> 1] as number) ^ 1;
    await writeFile(path, other);
    await expect(made.exportModel()).rejects.toThrow('to be unchanged since the trainer was made');
  });
});
