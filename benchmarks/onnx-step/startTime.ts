/**
 * Measures the start of a model of 50 layers: `createTrainer`, the first evaluation and the first gradients. This build
 * and another build take turns, each time in a new process.
 *
 * Usage: tsx onnx-step/startTime.ts <folder of another checkout, built> [--rounds 3]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { openBatch } from './ours.ts';
import { median, printTable, range } from './table.ts';
import { startTorch, training } from './torch.ts';

const net = 'resnet-50';
const parts = ['createTrainer', 'first evaluation', 'first gradients', 'all'] as const;

/** The seconds that each part of the start takes in this process, with the packages in a folder. */
async function timed(packages: string, folder: string, shape: readonly number[]): Promise<number[]> {
  const { createTrainer } = (await import(
    join(packages, 'onnx/dist/index.js')
  )) as typeof import('@clr/onnx');
  const { sgd } = (await import(join(packages, 'core/dist/index.js'))) as typeof import('@clr/core');
  const batch = openBatch(folder, net, shape);
  const start = performance.now();
  const trainer = await createTrainer(ort, join(folder, `${net}.onnx`), {
    loss: 'crossEntropy',
    optimizer: sgd(training),
  });
  const created = performance.now();
  await trainer.evaluate([batch]);
  const evaluated = performance.now();
  await trainer.gradients(batch);
  const done = performance.now();
  return [created - start, evaluated - created, done - evaluated, done - start].map((time) => time / 1000);
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, inside: { type: 'string' } },
  allowPositionals: true,
});
if (values.inside) {
  const [packages, folder, shape] = JSON.parse(values.inside) as [string, string, number[]];
  console.log(JSON.stringify(await timed(packages, folder, shape)));
  process.exit();
}
const [other] = positionals;
if (!other) {
  console.error('Usage: tsx onnx-step/startTime.ts <folder of another checkout, built> [--rounds 3]');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'clr-start-'));
const torch = startTorch();
const shape = await torch.prepare(net, 2, folder);
torch.close();
const builds = { here: resolve(import.meta.dirname, '../../packages'), there: resolve(other, 'packages') };
const seconds: Record<keyof typeof builds, number[][]> = { here: [], there: [] };
for (let round = 0; round < Number(values.rounds); round++) {
  for (const build of ['here', 'there'] as const) {
    const inside = JSON.stringify([builds[build], folder, shape]);
    const script = new URL(import.meta.url).pathname;
    const text = execFileSync(process.execPath, [...process.execArgv, script, '--inside', inside]);
    seconds[build].push(JSON.parse(String(text)) as number[]);
  }
}
rmSync(folder, { recursive: true });
printTable(
  ['part', 'here, s', 'there, s', 'ratio'],
  parts.map((part, i) => {
    const [here, there] = [seconds.here, seconds.there].map((runs) =>
      runs.map((run) => run[i] as number),
    ) as [number[], number[]];
    const cell = (list: number[]): string => `${median(list).toFixed(2)} (${range(list)})`;
    return [part, cell(here), cell(there), (median(here) / median(there)).toFixed(2)];
  }),
);
