// Kills `clr train` at random moments, each time in a new run. Resumes each run, and compares its final model with that
// of an uninterrupted run. Build first, then: node --import tsx scripts/kills.ts [kills]
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clr } from '../test/clr.ts';
import { tableText } from '../test/shapes.ts';

const kills = Number(process.argv[2] ?? 20);
const folder = await mkdtemp(join(tmpdir(), 'clr-kills-'));
const bin = new URL('../dist/main.js', import.meta.url).pathname;
await writeFile(join(folder, 'table.csv'), tableText(400));
const run = (args: readonly string[]) => clr(args, { cwd: folder });
await run(['new', 'mlp', '--data', 'table.csv', '--target', 'level', '--out', 'start.onnx']);
const train = (out: string, ...more: readonly string[]): string[] => [
  ...['train', 'start.onnx', '--data', 'table.csv', '--epochs', '100', '--quiet', '--out', out],
  ...more,
];
const began = Date.now();
await run(train('whole.onnx'));
const length = Date.now() - began;
const whole = await readFile(join(folder, 'whole.onnx'));
let same = 0;
for (let kill = 0; kill < kills; kill++) {
  const args = train(`${kill}.onnx`, '--checkpoint', `run${kill}`);
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: 'ignore' });
  const wait = Math.random() * length;
  const timer = setTimeout(() => child.kill('SIGKILL'), wait);
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  clearTimeout(timer);
  const { code } = await run(args);
  const equal = code === 0 && whole.equals(await readFile(join(folder, `${kill}.onnx`)));
  same += Number(equal);
  console.log(
    `${kill}: ${signal ?? 'ended'} after ${Math.round(wait)} ms, resumed: ${equal ? 'same bits' : `NOT the same bits (exit ${code})`}`,
  );
}
console.log(`${same} of ${kills} runs ended with the same bits as the uninterrupted run.`);
await rm(folder, { recursive: true });
