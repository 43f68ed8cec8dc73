import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { smallBatch, smallModel } from '../test/smallModel.ts';
import { readModel } from './format/model.ts';
import { buildInitialState, buildTrainingModel, createTrainer, type TrainingOptions } from './index.ts';

const steps = 12;
const options: TrainingOptions = { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) };

it('gives the same bits if a saved training model is run without this package', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clr-portable-'));
  const model = buildTrainingModel(smallModel(), options);
  await writeFile(join(folder, 'step.onnx'), model.bytes);
  await writeFile(join(folder, 'start.onnx'), buildInitialState(model));
  const script = fileURLToPath(new URL('../test/plainRun.mjs', import.meta.url));
  await promisify(execFile)(process.execPath, [script, folder, String(steps)]);

  const trainer = await createTrainer(ort, smallModel(), options);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(await (await trainer.trainStep(smallBatch(step), { lr: 0.05 })).loss);
  }
  expect(JSON.parse(await readFile(join(folder, 'losses.json'), 'utf8'))).toEqual(losses);

  // The file's metadata describe the layout of the vectors.
  const properties = readModel(await readFile(join(folder, 'step.onnx'))).proto.metadataProps;
  const layout = JSON.parse(properties.find(({ key }) => key === 'clr.state')?.value ?? '[]') as {
    role: string;
    input: string;
    output: string;
    parts: { name: string; dims: number[]; offset: number }[];
  }[];
  const expected = await trainer.parameters();
  const seen: string[] = [];
  for (const { role, input, output, parts } of layout) {
    expect(output).toBe(`next.${input}`);
    if (role !== 'parameters') continue;
    const bytes = new Uint8Array(await readFile(join(folder, input)));
    const vector = new Float32Array(bytes.buffer);
    for (const { name, dims, offset } of parts) {
      seen.push(name);
      const length = dims.reduce((size, dim) => size * dim, 1);
      expect(expected.get(name)).toEqual({ dims, data: vector.slice(offset, offset + length) });
    }
  }
  expect(seen.sort()).toEqual([...expected.keys()].sort());
  await trainer.dispose();
  await rm(folder, { recursive: true });
});
