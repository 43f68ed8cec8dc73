// Kills `clr train` at random moments and starts the same command again. The model must have the same bits as that of
// an uninterrupted run. Build first. The number of kills is an optional argument.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpz } from '@clr/data';

const kills = Number(process.argv[2] ?? 20);
const clr = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'clr-kills-'));
const at = (name: string): string => join(folder, name);
const run = (...args: readonly string[]): void => {
  execFileSync(process.execPath, [clr, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
};

const [count, width] = [2000, 32];
const x = Float32Array.from({ length: count * width }, (_, i) => Math.sin(i * ((i % 10) + 1)));
const y = BigInt64Array.from({ length: count }, (_, i) =>
  BigInt(x[i * width]! + x[i * width + 1]! > 0 ? 1 : 0),
);
writeFileSync(
  at('data.npz'),
  encodeNpz({ x: { dims: [count, width], data: x }, y: { dims: [count], data: y } }),
);
run('new', 'mlp', '--data', 'data.npz', '--out', 'start.onnx');

const train = (out: string): readonly string[] => [
  ...['train', 'start.onnx', '--data', 'data.npz', '--epochs', '60', '--seed', '3', '--quiet'],
  ...['--checkpoint', `${out}-run`, '--out', out],
];
const start = performance.now();
run(...train('whole.onnx'));
const whole = performance.now() - start;
console.log(`a whole run takes ${(whole / 1000).toFixed(1)} s`);

let equal = 0;
for (let kill = 1; kill <= kills; kill++) {
  const out = `killed-${kill}.onnx`;
  const moment = Math.random() * whole;
  const child = spawn(process.execPath, [clr, ...train(out)], { cwd: folder, stdio: 'ignore' });
  const closed = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, moment));
  child.kill('SIGKILL');
  await closed;
  const before = existsSync(at(out))
    ? 'after the model was written'
    : existsSync(at(`${out}-run`))
      ? 'during the training'
      : 'before the first checkpoint';
  run(...train(out));
  const same = readFileSync(at(out)).equals(readFileSync(at('whole.onnx')));
  if (same) equal += 1;
  console.log(
    `killed after ${(moment / 1000).toFixed(1)} s, ${before}: ${same ? 'the same model' : 'A DIFFERENT MODEL'}`,
  );
}
console.log(`${equal} of ${kills} models are equal to that of the uninterrupted run`);
rmSync(folder, { recursive: true });
if (equal < kills) process.exitCode = 1;
