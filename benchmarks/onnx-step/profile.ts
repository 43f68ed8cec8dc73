/**
 * Prints the time of a step by kernel, from ONNX Runtime's own profile: medians over steps, in milliseconds.
 *
 * Usage: tsx onnx-step/profile.ts <net> <batch> [--top 30]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBatch, openTrainer, steps } from './ours.ts';
import { median, milliseconds, printTable } from './table.ts';
import { startTorch } from './torch.ts';

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args: { readonly op_name: string; readonly output_type_shape?: readonly object[] };
}

const { values, positionals } = parseArgs({
  options: { top: { type: 'string', default: '30' } },
  allowPositionals: true,
});
const [net, batch] = positionals;
if (net === undefined || !(Number(batch) > 0)) {
  console.error('Usage: tsx onnx-step/profile.ts <net> <batch> [--top 30]');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'clr-profile-'));
const torch = startTorch();
const shape = await torch.prepare(net, Number(batch), folder);
torch.close();
const trainer = await openTrainer(folder, net, shape[0] as number, {
  enableProfiling: true,
  profileFilePrefix: join(folder, 'profile'),
});
const { milliseconds: whole } = await steps(trainer, openBatch(folder, net, shape), 60, 0.001);
await trainer.dispose();

const kernels = new Map<string, { op: string; shape: string; times: number[] }>();
const operators = new Map<string, number>();
for (const file of readdirSync(folder).filter((name) => name.startsWith('profile_'))) {
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Event[];
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const key = name.slice(0, -'_kernel_time'.length);
    const known = kernels.get(key);
    if (known) known.times.push(dur / 1000);
    else
      kernels.set(key, {
        op: args.op_name,
        shape: JSON.stringify(args.output_type_shape?.[0] ?? ''),
        times: [dur / 1000],
      });
  }
}
rmSync(folder, { recursive: true });
const rows = [...kernels].map(([name, { op, shape, times }]) => ({ name, op, shape, time: median(times) }));
for (const { op, time } of rows) operators.set(op, (operators.get(op) ?? 0) + time);
const sum = rows.reduce((total, { time }) => total + time, 0);
console.log(
  `${net}, batch ${batch}: a step ${milliseconds(median(whole))} ms, kernels ${milliseconds(sum)} ms\n`,
);
const byTime = (a: { time: number }, b: { time: number }): number => b.time - a.time;
printTable(
  ['operator', 'ms'],
  [...operators]
    .map(([op, time]) => ({ op, time }))
    .sort(byTime)
    .slice(0, 15)
    .map(({ op, time }) => [op, time.toFixed(3)]),
);
console.log();
printTable(
  ['kernel', 'operator', 'result', 'ms'],
  rows
    .sort(byTime)
    .slice(0, Number(values.top))
    .map(({ name, op, shape, time }) => [name, op, shape, time.toFixed(3)]),
);
