/**
 * Measures the gain from channels in blocks: a training step with blocks takes turns with one without. Below the
 * optimisation level `layout`, clr writes convolutions in the plain layout. If the convolutions' weights are trained,
 * ONNX Runtime changes nothing else at that level.
 *
 * Usage: tsx onnx-step/blocked.ts [--rounds 20]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openBatch, openTrainer, steps } from './ours.ts';
import { median, milliseconds, printTable, range } from './table.ts';
import { startTorch } from './torch.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const folder = mkdtempSync(join(tmpdir(), 'clr-blocked-'));
const rows: string[][] = [];
const turn = 250;
for (const [net, batch] of [
  ['cifar-quick', 100],
  ['lenet', 64],
  ['resnet-mini', 64],
  ['resnet-wide', 64],
  ['mobile', 64],
] as const) {
  const torch = startTorch();
  const shape = await torch.prepare(net, batch, folder);
  torch.close();
  const tensors = openBatch(folder, net, shape);
  const [plain, blocked] = [
    await openTrainer(folder, net, shape[0] as number, { graphOptimizationLevel: 'extended' }),
    await openTrainer(folder, net),
  ];
  const first = (await steps(plain, tensors, 5, 0.001)).milliseconds;
  await steps(blocked, tensors, 5, 0.001);
  const count = Math.max(3, Math.ceil(turn / median(first)));
  const time = async (trainer: typeof plain): Promise<number> =>
    median((await steps(trainer, tensors, count, 0.001)).milliseconds);
  const times: { plain: number[]; blocked: number[]; ratios: number[] } = {
    plain: [],
    blocked: [],
    ratios: [],
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? (['plain', 'blocked'] as const) : (['blocked', 'plain'] as const);
    const now = { plain: 0, blocked: 0 };
    for (const side of order) {
      // Waiting lets the other session's threads fall asleep.
      await pause(50);
      now[side] = await time(side === 'plain' ? plain : blocked);
    }
    times.plain.push(now.plain);
    times.blocked.push(now.blocked);
    times.ratios.push(now.blocked / now.plain);
  }
  const cell = (list: readonly number[]): string => `${milliseconds(median(list))} (${range(list)})`;
  const ratio = `${median(times.ratios).toFixed(2)} (${range(times.ratios)})`;
  rows.push([net, String(batch), cell(times.plain), cell(times.blocked), ratio]);
}
printTable(['net', 'batch', 'plain, ms', 'in blocks, ms', 'ratio'], rows);
rmSync(folder, { recursive: true });
