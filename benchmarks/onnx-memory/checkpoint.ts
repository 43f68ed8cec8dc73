/**
 * Measures how much memory `checkpoint: 'activations'` saves: the peak memory of a training process and the time of a
 * step, with this option and without it.
 *
 * Usage: tsx onnx-memory/checkpoint.ts [--only deep,encoder-6,resnet-50]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sgd } from '@clr/core';
import { buildModel, createTrainer, type LayerSpec } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { openBatch, steps } from '../onnx-step/ours.ts';
import { printTable } from '../onnx-step/table.ts';
import { startTorch } from '../onnx-step/torch.ts';

const count = 3;

/** 32 equal layers of 32 channels on 32×32. clr cuts such a chain into about √32 segments. */
const chain: LayerSpec[] = Array.from({ length: 32 }, () => [
  { type: 'conv2d', filters: 32, kernel: 3, padding: 1 } as const,
  { type: 'batchNorm' } as const,
  { type: 'relu' } as const,
  { type: 'dropout', rate: 0.1 } as const,
]).flat();

const nets: readonly { readonly net: string; readonly batch: number; readonly what: string }[] = [
  { net: 'deep', batch: 16, what: '32 × (convolution, batch norm, ReLU, dropout), 32 channels, 32×32' },
  { net: 'encoder-6', batch: 16, what: '6 blocks of width 384, 128 positions' },
  { net: 'resnet-50', batch: 2, what: '224×224' },
];

/** Writes a net and its batch into a folder. Returns the batch's shape. */
async function write(folder: string, net: string, batch: number): Promise<number[]> {
  if (net !== 'deep') {
    const torch = startTorch();
    const shape = await torch.prepare(net, batch, folder);
    torch.close();
    return shape;
  }
  const shape = [3, 32, 32];
  const size = batch * shape.reduce((n, dim) => n * dim, 1);
  const layers: LayerSpec[] = [...chain, { type: 'globalAvgPool' }, { type: 'dense', units: 10 }];
  writeFileSync(join(folder, 'deep.onnx'), buildModel({ input: shape, layers, seed: 1 }));
  writeFileSync(
    join(folder, 'deep.input'),
    new Uint8Array(Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898)).buffer),
  );
  writeFileSync(
    join(folder, 'deep.target'),
    new Uint8Array(BigInt64Array.from({ length: batch }, (_, i) => BigInt(i % 10)).buffer),
  );
  return [batch, ...shape];
}

/** The peak of this process in MiB. */
const peak = (): number => process.resourceUsage().maxRSS / 1024;

async function measure(folder: string, net: string, shape: number[], checkpoint: boolean): Promise<number[]> {
  const trainer = await createTrainer(ort, join(folder, `${net}.onnx`), {
    loss: 'crossEntropy',
    optimizer: sgd({ momentum: 0.9 }),
    sizes: { batch: shape[0] as number },
    deterministic: true,
    session: { intraOpNumThreads: 2 },
    ...(checkpoint ? { checkpoint: 'activations' } : {}),
  });
  const created = peak();
  const { milliseconds, losses } = await steps(trainer, openBatch(folder, net, shape), count, 0.001);
  return [created, peak(), Math.min(...milliseconds), losses.at(-1) as number];
}

const { values } = parseArgs({ options: { only: { type: 'string' }, inside: { type: 'string' } } });
if (values.inside) {
  console.log(JSON.stringify(await measure(...(JSON.parse(values.inside) as Parameters<typeof measure>))));
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), 'clr-checkpoint-'));
const rows: string[][] = [];
try {
  for (const { net, batch, what } of nets) {
    if (values.only && !values.only.split(',').includes(net)) continue;
    const shape = await write(folder, net, batch);
    const [plain, again] = [false, true].map((checkpoint) => {
      const inside = JSON.stringify([folder, net, shape, checkpoint]);
      const script = new URL(import.meta.url).pathname;
      return JSON.parse(
        String(execFileSync(process.execPath, [...process.execArgv, script, '--inside', inside])),
      );
    }) as [number[], number[]];
    const cells = ([created, reached, time, loss]: number[]): string[] => [
      `${((reached as number) - (created as number)).toFixed(0)}`,
      `${(time as number).toFixed(0)}`,
      `${loss}`,
    ];
    const above = (run: number[]): number => (run[1] as number) - (run[0] as number);
    rows.push([
      net,
      what,
      String(batch),
      ...cells(plain),
      ...cells(again),
      (above(again) / above(plain)).toFixed(2),
      ((again[2] as number) / (plain[2] as number)).toFixed(2),
    ]);
    console.log(rows.at(-1)?.join('  '));
  }
} finally {
  rmSync(folder, { recursive: true });
}
printTable(
  ['net', 'what', 'batch', 'MiB', 'ms', 'loss', 'MiB, checkpoint', 'ms', 'loss', 'memory', 'time'],
  rows,
);
