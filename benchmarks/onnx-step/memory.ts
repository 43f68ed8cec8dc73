import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { openBatch, openTrainer, steps } from './ours.ts';
import { startTorch } from './torch.ts';

const count = 20;

/** The peak memory of this process in MiB. */
function peak(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Runs this file in a new process and reads the peak that it prints. */
function inChild(...args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, new URL(import.meta.url).pathname, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    child.on('error', reject);
    child.on('close', () => {
      resolve(Number(text));
    });
  });
}

/** Runs the product of two numbers from the file that PyTorch wrote. */
async function product(folder: string): Promise<void> {
  const session = await ort.InferenceSession.create(join(folder, 'small.onnx'), { intraOpNumThreads: 2 });
  const one = new ort.Tensor('float32', [1], [1, 1]);
  await session.run({ a: one, b: one });
}

async function torchPeak(net?: string, batch = 0): Promise<number> {
  const torch = startTorch();
  if (net) {
    await torch.prepare(net, batch);
    await torch.steps(count, 0.001);
  }
  const result = await torch.peak();
  torch.close();
  return result;
}

/**
 * Measures the peak memory of clr and of PyTorch for each net, each in its own process. The baseline of each runtime is
 * a process that has multiplied two numbers. A process that has only loaded a runtime has little of the runtime's code
 * in memory.
 */
export async function peaks(
  folder: string,
  nets: readonly { net: string; batch: number; shape: readonly number[] }[],
): Promise<string[][]> {
  const bare = { ours: await inChild(folder), torch: await torchPeak() };
  const rows: string[][] = [['(runtime alone)', bare.ours.toFixed(0), bare.torch.toFixed(0), '', '']];
  for (const { net, batch, shape } of nets) {
    const ours = await inChild(folder, net, JSON.stringify(shape));
    const torch = await torchPeak(net, batch);
    const above = [ours - bare.ours, torch - bare.torch];
    rows.push([net, ours.toFixed(0), torch.toFixed(0), ...above.map((value) => value.toFixed(0))]);
  }
  return rows;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [folder = '', net, shape] = process.argv.slice(2);
  if (net && shape) {
    const sizes = JSON.parse(shape) as number[];
    const trainer = await openTrainer(folder, net, sizes[0] as number);
    await steps(trainer, openBatch(folder, net, sizes), count, 0.001);
  } else {
    await product(folder);
  }
  console.log(peak());
}
