// Compares the time of `clr train` with that of a program that calls @clr/onnx and trains in the same way, from the
// start of the process to the written file. The two programs take turns, each in its own process. The processor time is
// printed too, because other programs on the machine disturb it less. Build first. An argument sets the number of
// rounds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpz } from '@clr/data';

// The settings of both programs.
const [batch, epochs, lr] = [32, 3, 0.002];

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const clr = path('../../packages/cli/dist/main.js');
const folder = mkdtempSync(join(tmpdir(), 'clr-bench-'));
const at = (name: string): string => join(folder, name);
const node = (...args: readonly string[]): Taken => {
  const start = performance.now();
  const env = { ...process.env, CLR_CPU_TIME: at('cpu') };
  execFileSync(process.execPath, ['--import', path('cpuTime.mjs'), ...args], {
    ...{ env, stdio: ['ignore', 'ignore', 'inherit'] },
  });
  return { passed: performance.now() - start, processor: Number(readFileSync(at('cpu'), 'utf8')) };
};

/** Times in milliseconds. */
interface Taken {
  readonly passed: number;
  readonly processor: number;
}

const [count, size] = [3200, 3 * 32 * 32];
const x = Float32Array.from({ length: count * size }, (_, i) => Math.sin(i * ((i % 10) + 1)));
const y = BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 10));
writeFileSync(
  at('data.npz'),
  encodeNpz({ x: { dims: [count, 3, 32, 32], data: x }, y: { dims: [count], data: y } }),
);
const conv = (filters: number) => [
  'new',
  'cnn',
  '--input',
  '3,32,32',
  '--outputs',
  '10',
  '--filters',
  `${filters},${2 * filters}`,
];
node(clr, ...conv(16), '--out', at('model.onnx'));

const shared = [at('model.onnx'), '--data', at('data.npz'), '--lr', String(lr), '--epochs', String(epochs)];
const command = (): Taken =>
  node(
    clr,
    'train',
    ...shared,
    '--batch',
    String(batch),
    '--keep',
    'last',
    '--quiet',
    '--out',
    at('command.onnx'),
  );
const direct = (): Taken =>
  node(
    ...[path('direct.mjs'), at('model.onnx'), at('data.npz'), at('direct.onnx')],
    ...[batch, epochs, lr].map(String),
  );
const rounds = Number(process.argv[2] ?? 10);
const text = ({ passed, processor }: Taken): string =>
  `${passed.toFixed(0).padStart(6)} ms (processor ${processor.toFixed(0).padStart(6)})`;
// The two programs take turns, and each goes first equally often.
const times = Array.from({ length: rounds }, (_, round) => {
  const before = round % 2 === 0 ? undefined : direct();
  const one = command();
  const other = before ?? direct();
  console.log(`clr train ${text(one)}, direct ${text(other)}`);
  return [one, other] as const;
});
for (const [what, name] of [
  ['passed', 'elapsed time'],
  ['processor', 'processor time'],
] as const) {
  const ratios = times.map(([one, other]) => one[what] / other[what]).sort((a, b) => a - b);
  const quantile = (share: number) => ratios[Math.round(share * (rounds - 1))]!.toFixed(3);
  console.log(
    `${name}: median ratio ${quantile(0.5)} (target: 1.05 at most), quartiles ${quantile(0.25)} and ${quantile(0.75)}, ` +
      `range ${quantile(0)} to ${quantile(1)}`,
  );
}
console.log(
  `size of the models: ${readFileSync(at('command.onnx')).length} and ${readFileSync(at('direct.onnx')).length} bytes`,
);
rmSync(folder, { recursive: true });
