/**
 * Trains a model on the same batch in two ways, in turns: on two ranks with one thread each, and in one process with
 * two threads. Also compares an all-reduce from JavaScript with the same call from C. Needs PyTorch for the nets (see
 * onnx-step), mpirun, and mpicc for the comparison with C.
 *
 * npx tsx mpi-step/run.ts [--rounds 4] [--seconds 4]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, milliseconds, printTable } from '../onnx-step/table.ts';
import { startTorch } from '../onnx-step/torch.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '4' }, seconds: { type: 'string', default: '4' } },
});
const nets = [
  ['cifar-quick', 100],
  ['encoder', 32],
  ['encoder-6', 8],
] as const;
const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
const node = [process.execPath, '--import', 'tsx', worker];
const mpirun = ['mpirun', '-n', '2', '--allow-run-as-root', '--oversubscribe'];

function run([command, ...args]: readonly string[]): number {
  const output = execFileSync(command!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return (JSON.parse(output.trim().split('\n').at(-1)!) as { milliseconds: number }).milliseconds;
}

const folder = mkdtempSync(join(tmpdir(), 'clr-mpi-step-'));
const torch = startTorch();
try {
  const rows: string[][] = [];
  for (const [net, batch] of nets) {
    const shape = JSON.stringify(await torch.prepare(net, batch, folder));
    const step = (threads: number): string[] => [
      ...node,
      'step',
      folder,
      net,
      shape,
      String(threads),
      values.seconds,
    ];
    const [one, two]: [number[], number[]] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      one.push(run(step(2)));
      two.push(run([...mpirun, ...step(1)]));
    }
    const speed = median(one.map((time, i) => time / two[i]!));
    rows.push([net, String(batch), milliseconds(median(one)), milliseconds(median(two)), speed.toFixed(2)]);
  }
  console.log('\nOne step in milliseconds, medians over alternating runs.');
  printTable(['net', 'batch', '1 process, 2 threads', '2 ranks, 1 thread', 'speed of 2 ranks'], rows);

  const program = join(folder, 'allreduce');
  const source = fileURLToPath(new URL('allreduce.c', import.meta.url));
  execFileSync('mpicc', ['-O2', '-o', program, source], { stdio: 'inherit' });
  const sums = [1000, 100_000, 1_070_000].map((length) => {
    const [ours, c]: [number[], number[]] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      ours.push(run([...mpirun, ...node, 'allreduce', String(length), '200']));
      c.push(run([...mpirun, program, String(length), '200']));
    }
    const ratio = median(ours.map((time, i) => time / c[i]!));
    return [length.toLocaleString('en'), median(ours).toFixed(3), median(c).toFixed(3), ratio.toFixed(2)];
  });
  console.log('\nOne all-reduce of float32 on two ranks, in milliseconds.');
  printTable(['elements', '@clr/mpi', 'C', 'ratio'], sums);
} finally {
  torch.close();
  rmSync(folder, { recursive: true });
}
