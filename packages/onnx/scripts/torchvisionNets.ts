// Compares the gradients of torchvision's nets with PyTorch's in float64: those of clr, and PyTorch's own in float32.
// The weights are random, batch norms are in training form, and the loss is the cross-entropy of two random images of
// 224 × 224. Three such batches are compared; the smallest error is printed first. If rounding moves a unit of a ReLU
// across 0, the gradient changes by much more than the rounding error. So each net also has a smooth twin, with
// Softplus for ReLU and averages for maxima.
//   npx tsx scripts/torchvisionNets.ts [net,net… [batches]]
// It needs a Python with torch and torchvision. CLR_PYTHON is its path; the default is /usr/bin/python3 (Debian's
// python3-torchvision).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { createTrainer, type OnnxTrainer } from '../src/index.ts';

const nets = [
  ...['alexnet', 'squeezenet1_1', 'resnet18', 'resnet50', 'resnext50_32x4d', 'googlenet', 'mobilenet_v2'],
  ...['mobilenet_v3_small', 'shufflenet_v2_x1_0', 'mnasnet1_0', 'regnet_y_400mf'],
  ...['densenet121', 'swin_t', 'convnext_tiny', 'efficientnet_b0', 'vit_b_16'],
];
/** Nets that are smooth by themselves. */
const smooth = new Set(['efficientnet_b0', 'swin_t', 'convnext_tiny', 'vit_b_16']);
const python = process.env.CLR_PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('torchvision_nets.py', import.meta.url));

/** The bytes of a file, in their own buffer. */
const bytesOf = (path: string): ArrayBuffer => new Uint8Array(readFileSync(path)).buffer;

/** The distance of a gradient from the correct one. */
function distance(values: ArrayLike<number>, right: Float64Array): number {
  let square = 0;
  for (let i = 0; i < right.length; i++) square += ((values[i] as number) - (right[i] as number)) ** 2;
  return Math.sqrt(square);
}

/** The errors of both sides, relative to the gradient's size. */
interface Errors {
  readonly ours: number;
  readonly theirs: number;
}

/** Compares the gradients of all weights, and returns the errors of both sides. */
async function compare(trainer: OnnxTrainer, folder: string, at: number, layout: Layout): Promise<Errors> {
  const { batch, names } = layout;
  const read = (file: string): ArrayBuffer => bytesOf(join(folder, `${file}${at}.bin`));
  const found = await trainer.gradients({
    image: new ort.Tensor('float32', new Float32Array(read('image')), [batch, 3, 224, 224]),
    target: new ort.Tensor('int64', new BigInt64Array(read('target')), [batch]),
  });
  const [single, double] = [new Float32Array(read('single')), new Float64Array(read('double'))];
  const own = new Float32Array(double.length);
  let offset = 0;
  for (const [name, length] of names) {
    const data = found.get(name)?.data;
    if (data?.length !== length) throw new Error(`no gradient of "${name}" with ${length} elements`);
    own.set(data, offset);
    offset += length;
  }
  const size = distance(new Float32Array(double.length), double);
  return { ours: distance(own, double) / size, theirs: distance(single, double) / size };
}

interface Layout {
  readonly batch: number;
  readonly names: readonly (readonly [string, number])[];
}

/** The errors for several batches. */
async function errorsOf(net: string, batches: number, ...more: readonly string[]): Promise<Errors[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clr-nets-'));
  try {
    const args = [script, net, folder, String(batches), ...more];
    execFileSync(python, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const layout = JSON.parse(readFileSync(join(folder, 'layout.json'), 'utf8')) as Layout;
    const trainer = await createTrainer(ort, join(folder, `${net}.onnx`), {
      ...({ loss: 'crossEntropy', optimizer: sgd(), deterministic: true } as const),
      session: { logSeverityLevel: 3 },
    });
    const errors: Errors[] = [];
    for (let at = 0; at < batches; at++) errors.push(await compare(trainer, folder, at, layout));
    await trainer.dispose();
    return errors.sort((a, b) => a.ours - b.ours);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const shown = (errors: readonly Errors[], side: keyof Errors): string =>
  errors
    .map((error) => error[side])
    .sort((a, b) => a - b)
    .map((value) => value.toExponential(1))
    .join(', ');

const [wanted = nets.join(), batches = '3'] = process.argv.slice(2);
console.log('| net | clr, smooth | PyTorch, smooth | clr | PyTorch |\n|---|---|---|---|---|');
for (const net of wanted.split(',')) {
  const twin = smooth.has(net) ? [] : await errorsOf(net, 1, 'smooth');
  const own = Number(batches) > 0 ? await errorsOf(net, Number(batches)) : [];
  const cells = [twin, own].flatMap((errors) => [shown(errors, 'ours'), shown(errors, 'theirs')]);
  console.log(`| ${net} | ${cells.join(' | ')} |`);
}
