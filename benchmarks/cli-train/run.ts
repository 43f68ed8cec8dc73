// Compares the time of `clr train` with that of the same training written for @clr/onnx: start, data, training and the
// written file. The two take turns, each in its own process. Build first.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpz } from '@clr/data';

// The settings of both trainings.
const [batch, epochs, lr] = [32, 8, 0.002];

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const clr = path('../../packages/cli/dist/main.js');
const folder = mkdtempSync(join(tmpdir(), 'clr-bench-'));
const at = (name: string): string => join(folder, name);
const node = (...args: readonly string[]): number => {
  const start = performance.now();
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return performance.now() - start;
};

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
const command = (): number =>
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
const direct = (): number =>
  node(
    ...[path('direct.mjs'), at('model.onnx'), at('data.npz'), at('direct.onnx')],
    ...[batch, epochs, lr].map(String),
  );
const rounds = Number(process.argv[2] ?? 5);
const times = Array.from({ length: rounds }, () => [command(), direct()] as const);
const ratios = times.map(([one, other]) => one / other).sort((a, b) => a - b);
for (const [one, other] of times)
  console.log(`clr train ${one.toFixed(0)} ms, direct ${other.toFixed(0)} ms`);
console.log(`median ratio ${ratios[Math.floor(rounds / 2)]?.toFixed(3)} (target: 1.05 at most)`);
console.log(
  `${readFileSync(at('command.onnx')).length} and ${readFileSync(at('direct.onnx')).length} bytes of model`,
);
rmSync(folder, { recursive: true });
