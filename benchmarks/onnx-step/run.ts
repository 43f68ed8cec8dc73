/**
 * Compares one training step on the CPU with PyTorch's. clr and PyTorch use the same weights and batch. Each has two
 * threads, and they take turns.
 *
 * Usage: tsx onnx-step/run.ts [--only net,net] [--rounds 12] [--quick | --memory]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildTime } from './buildTime.ts';
import { describeMachine } from './machine.ts';
import { peaks } from './memory.ts';
import { openBatch, openTrainer, steps } from './ours.ts';
import { rateCost } from './rateCost.ts';
import { median, milliseconds, printTable, range } from './table.ts';
import { startTorch, type Torch } from './torch.ts';

const nets: { net: string; batch: number; target: number; shape: number[] }[] = [
  { net: 'cifar-quick', batch: 100, target: 0.9, shape: [] },
  { net: 'lenet', batch: 64, target: 0.9, shape: [] },
  { net: 'resnet-mini', batch: 64, target: 0.9, shape: [] },
  { net: 'resnet-wide', batch: 64, target: 0.9, shape: [] },
  { net: 'mobile', batch: 64, target: 0.9, shape: [] },
  { net: 'encoder', batch: 32, target: 0.9, shape: [] },
  { net: 'mlp', batch: 128, target: 0.9, shape: [] },
  { net: 'resnet-18', batch: 16, target: 0.9, shape: [] },
  { net: 'encoder-6', batch: 8, target: 0.9, shape: [] },
  { net: 'mobilenet-head', batch: 8, target: 0.9, shape: [] },
];
const lr = 0.001;
/** The approximate length of a turn in milliseconds. A turn of a small net has many steps. */
const turnMilliseconds = 250;

interface Measured {
  readonly ours: number[];
  readonly torch: number[];
  readonly ratios: number[];
  readonly lossError: number;
}

async function measure(
  torch: Torch,
  folder: string,
  { net, shape }: { net: string; shape: readonly number[] },
  rounds: number,
): Promise<Measured> {
  const trainer = await openTrainer(folder, net, shape[0] as number);
  const tensors = openBatch(folder, net, shape);
  // clr and PyTorch start from the same weights, so their first losses show whether they do the same work.
  const first = await steps(trainer, tensors, 5, lr);
  const other = await torch.steps(5, lr);
  const lossError = Math.max(
    ...first.losses.map((loss, i) => Math.abs(loss / (other.losses[i] as number) - 1)),
  );
  const count = Math.max(3, Math.ceil(turnMilliseconds / median(other.milliseconds)));
  const result: Measured = { ours: [], torch: [], ratios: [], lossError };
  for (let round = 0; round < rounds; round++) {
    // Waiting lets the other side's worker threads fall asleep.
    const turns = {
      ours: async () => (await steps(trainer, tensors, count, lr)).milliseconds,
      torch: async () => (await torch.steps(count, lr)).milliseconds,
    };
    const medians = { ours: 0, torch: 0 };
    for (const side of round % 2 === 0 ? (['ours', 'torch'] as const) : (['torch', 'ours'] as const)) {
      await pause(50);
      const times = await turns[side]();
      medians[side] = median(times);
      result[side].push(...times);
    }
    result.ratios.push(medians.ours / medians.torch);
  }
  await trainer.dispose();
  return result;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    quick: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
  },
});
const chosen = nets.filter(({ net }) => !values.only || values.only.split(',').includes(net));
const folder = mkdtempSync(join(tmpdir(), 'clr-onnx-step-'));
const torch = startTorch();
try {
  console.log(
    `Node ${process.version}, ${await torch.versions()}\n${await describeMachine(torch, folder)}\n`,
  );
  const rows: string[][] = [];
  for (const item of chosen) {
    const { net, batch, target } = item;
    item.shape = await torch.prepare(net, batch, folder);
    const {
      ours,
      torch: theirs,
      ratios,
      lossError,
    } = await measure(torch, folder, item, Number(values.rounds));
    const ratio = median(ratios);
    rows.push([
      net,
      String(batch),
      `${milliseconds(median(ours))} (${range(ours)})`,
      `${milliseconds(median(theirs))} (${range(theirs)})`,
      `${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      `≤ ${target.toFixed(2)}`,
      ratio <= target ? 'yes' : 'no',
      lossError.toExponential(0),
    ]);
    console.log(rows.at(-1)?.join('  '));
  }
  const logs = rows.map((row) => Math.log(Number.parseFloat(row[4] as string)));
  const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  console.log(`\nGeometric mean of the ratios: ${mean.toFixed(2)}`);
  console.log(
    '\nOne step in milliseconds: median (min–max); the ratio is the median over alternating turns.',
  );
  printTable(['net', 'batch', '@clr/onnx', 'PyTorch', 'ratio', 'target', 'met', 'loss error'], rows);
  if (!values.quick) {
    console.log('\nPeak memory of a process that takes 20 steps, MiB: whole, and above the bare runtime.');
    const header = ['net', '@clr/onnx', 'PyTorch', 'above: @clr/onnx', 'above: PyTorch'];
    printTable(header, await peaks(folder, chosen));
  }
  if (!values.quick && !values.memory) {
    console.log('\nThe cost of a new rate each step, in percent of a step.');
    printTable(['net', 'new rate', 'same rate', 'cost'], await rateCost(folder, chosen));
    console.log('\nBuilding the training graph of ResNet-50 (25.6 million parameters).');
    printTable(['what', 'seconds'], await buildTime(torch, folder));
  }
} finally {
  torch.close();
  rmSync(folder, { recursive: true });
}
