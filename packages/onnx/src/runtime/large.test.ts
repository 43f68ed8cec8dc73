import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adam } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { DataType } from '../format/dataType.ts';
import { createTrainer, type OnnxTrainer, type TrainerOptions } from '../index.ts';

const float = DataType.FLOAT;
const [inputs, hidden, classes] = [1200, 2500, 1100];
const wave = (n: number, f: number): number[] => Array.from({ length: n }, (_, i) => 0.02 * Math.sin(f * i));

/** 23 MB of weights: with Adam's slots more than is kept twice, and a file that is read again. */
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

async function trainer(file: Uint8Array | string, more: Partial<TrainerOptions> = {}): Promise<OnnxTrainer> {
  const options = { loss: 'crossEntropy', optimizer: adam(), deterministic: true, ...more } as const;
  const made = await createTrainer(ort, file, options);
  onTestFinished(() => made.dispose());
  return made;
}

async function file(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clr-large-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'model.onnx');
  await writeFile(path, model);
  return path;
}

describe('a large model', { timeout: 120_000 }, () => {
  it('that is updated in parts has the bits of one that is updated as a whole', async () => {
    const parts = await trainer(await file());
    // A norm that clips nothing is still that of all gradients: no parts.
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

  it('is read again for an export, unless its file has changed', async () => {
    const path = await file();
    const made = await trainer(path, { trainable: (name) => name === 'bias' });
    expect(Buffer.compare(await made.exportModel(), model)).toBe(0);
    const other = model.slice();
    other[other.length >> 1] = (other[other.length >> 1] as number) ^ 1;
    await writeFile(path, other);
    await expect(made.exportModel()).rejects.toThrow('as it was when the trainer was made');
  });
});
