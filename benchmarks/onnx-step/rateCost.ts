import { toSchedule, triangular2 } from '@clr/core';
import { openBatch, openTrainer } from './ours.ts';
import { median } from './table.ts';

const schedule = toSchedule(triangular2({ baseLr: 1e-4, maxLr: 1e-3, stepSize: 50 }));

/** Trains each net with a rate that changes at every step and with a fixed rate, in turns. */
export async function rateCost(
  folder: string,
  nets: readonly { net: string; shape: readonly number[] }[],
): Promise<string[][]> {
  const rows: string[][] = [];
  for (const { net, shape } of nets) {
    const trainer = await openTrainer(folder, net, shape[0] as number);
    const batch = openBatch(folder, net, shape);
    const times: { changing: number[]; fixed: number[] } = { changing: [], fixed: [] };
    let step = 0;
    const start = performance.now();
    while (step < 60 || (performance.now() - start < 4000 && step < 6000)) {
      for (const kind of ['changing', 'fixed'] as const) {
        const before = performance.now();
        const lr = kind === 'changing' ? schedule.lr(step) : 5e-4;
        const { loss } = await trainer.trainStep(batch, { lr });
        await loss;
        times[kind].push(performance.now() - before);
      }
      step += 1;
    }
    await trainer.dispose();
    const [changing, fixed] = [median(times.changing), median(times.fixed)];
    rows.push([net, changing.toFixed(3), fixed.toFixed(3), `${(100 * (changing / fixed - 1)).toFixed(2)} %`]);
  }
  return rows;
}
