/**
 * Prints where the time of a step goes: by kind of work beside PyTorch's profile, by operator, and by kernel. Each
 * figure is the lowest time of several steps, in milliseconds, because other programs on the machine only ever add
 * time.
 *
 * Usage: tsx onnx-step/profile.ts <net> <batch> [--top 30] [--steps 60]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Kind, kindOfOnnx, kindOfTorch, kinds } from './kinds.ts';
import { openBatch, openTrainer, steps } from './ours.ts';
import { milliseconds, printTable } from './table.ts';
import { startTorch } from './torch.ts';

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args: { readonly op_name: string; readonly output_type_shape?: readonly object[] };
}

interface Kernel {
  readonly name: string;
  readonly operator: string;
  readonly result: string;
  time: number;
}

const { values, positionals } = parseArgs({
  options: { top: { type: 'string', default: '30' }, steps: { type: 'string', default: '60' } },
  allowPositionals: true,
});
const [net, batch] = positionals;
if (net === undefined || !(Number(batch) > 0)) {
  console.error('Usage: tsx onnx-step/profile.ts <net> <batch> [--top 30] [--steps 60]');
  process.exit(2);
}
const count = Number(values.steps);
const lr = 0.001;
const folder = mkdtempSync(join(tmpdir(), 'clr-profile-'));
const torch = startTorch();
const shape = await torch.prepare(net, Number(batch), folder);

/** The kernels of a step in clr, and the time of a whole step without the profiler. */
async function profileOurs(): Promise<{ kernels: readonly Kernel[]; whole: number }> {
  const examples = shape[0] as number;
  const inputs = openBatch(folder, net as string, shape);
  const plain = await openTrainer(folder, net as string, examples);
  const { milliseconds: times } = await steps(plain, inputs, count, lr);
  await plain.dispose();
  const trainer = await openTrainer(folder, net as string, examples, {
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  });
  await steps(trainer, inputs, count, lr);
  await trainer.dispose();
  const kernels = new Map<string, Kernel>();
  for (const file of readdirSync(folder).filter((name) => name.startsWith('profile_'))) {
    for (const { cat, name, dur, args } of JSON.parse(readFileSync(join(folder, file), 'utf8')) as Event[]) {
      if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
      const key = name.slice(0, -'_kernel_time'.length);
      const known = kernels.get(key);
      if (known) known.time = Math.min(known.time, dur / 1000);
      else {
        const result = JSON.stringify(args.output_type_shape?.[0] ?? '');
        kernels.set(key, { name: key, operator: args.op_name, result, time: dur / 1000 });
      }
    }
  }
  return { kernels: [...kernels.values()], whole: Math.min(...times) };
}

/** Sums times by a key, the largest first. */
function sumBy<K>(entries: Iterable<readonly [K, number]>): (readonly [K, number])[] {
  const sums = new Map<K, number>();
  for (const [key, time] of entries) sums.set(key, (sums.get(key) ?? 0) + time);
  return [...sums].sort(([, a], [, b]) => b - a);
}

const ours = await profileOurs();
const theirWhole = Math.min(...(await torch.steps(count, lr)).milliseconds);
const theirs = Object.entries(await torch.profile(count, lr));
torch.close();
rmSync(folder, { recursive: true });

const ourKinds = new Map(sumBy(ours.kernels.map(({ operator, time }) => [kindOfOnnx(operator), time])));
const theirKinds = new Map(sumBy(theirs.map(([operator, time]) => [kindOfTorch(operator), time])));
const inKernels = (sums: ReadonlyMap<Kind, number>): number => [...sums.values()].reduce((a, b) => a + b, 0);
console.log(`${net}, batch ${batch}, the fastest of ${count} steps, in milliseconds\n`);
printTable(
  ['', ...kinds, 'all kernels', 'a step'],
  (
    [
      ['@clr/onnx', ourKinds, ours.whole],
      ['PyTorch', theirKinds, theirWhole],
    ] as const
  ).map(([name, sums, whole]) => [
    name,
    ...kinds.map((kind) => milliseconds(sums.get(kind) ?? 0)),
    milliseconds(inKernels(sums)),
    milliseconds(whole),
  ]),
);
for (const [name, operators] of [
  ['ONNX Runtime', sumBy(ours.kernels.map(({ operator, time }) => [operator, time]))],
  ['PyTorch', sumBy(theirs)],
] as const) {
  console.log();
  printTable(
    [`operator of ${name}`, 'ms'],
    operators.slice(0, 15).map(([operator, time]) => [operator, time.toFixed(3)]),
  );
}
console.log();
printTable(
  ['kernel of ONNX Runtime', 'operator', 'result', 'ms'],
  [...ours.kernels]
    .sort((a, b) => b.time - a.time)
    .slice(0, Number(values.top))
    .map(({ name, operator, result, time }) => [name, operator, result, time.toFixed(3)]),
);
