// Compares two gradients of torchvision's nets with PyTorch's gradients in float64: those of clr, and PyTorch's own in
// float32. Each seed gives random weights and two random images of 224 × 224. Batch norms are in training mode, and the
// loss is the cross-entropy. The output is the medians of both errors, and the median and range of their ratio.
// If rounding moves the input of a ReLU across 0, the gradient changes by much more than the rounding error. So nets
// with ReLUs are replaced by a smooth twin, with Softplus for ReLU and averages for maxima. With --as-is they are not.
//   npx tsx scripts/torchvisionNets.ts [net …] [--seeds 5] [--as-is] [--double BatchNormalization,Tanh]
// --double computes the forward nodes of these operators in double. It shows what the runtime's float32 kernels lose.
// It needs a Python with torch and torchvision. CLR_PYTHON is its path; the default is /usr/bin/python3 (Debian's
// python3-torchvision).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { createTrainer, type OnnxTrainer } from '../src/index.ts';
import { inDouble } from './inDouble.ts';

const nets = [
  ...['alexnet', 'squeezenet1_1', 'resnet18', 'resnet50', 'resnext50_32x4d', 'googlenet', 'mobilenet_v2'],
  ...['mobilenet_v3_small', 'shufflenet_v2_x1_0', 'mnasnet1_0', 'regnet_y_400mf'],
  ...['densenet121', 'swin_t', 'convnext_tiny', 'efficientnet_b0', 'vit_b_16'],
];
/** Nets that are smooth without replacements. */
const smooth = new Set(['efficientnet_b0', 'swin_t', 'convnext_tiny', 'vit_b_16']);
const { values: options, positionals } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    'as-is': { type: 'boolean', default: false },
    double: { type: 'string', default: '' },
  },
  allowPositionals: true,
});
const runtime = options.double === '' ? ort : inDouble(ort, options.double.split(','));
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
async function compare(trainer: OnnxTrainer, folder: string): Promise<Errors> {
  const read = (file: string): ArrayBuffer => bytesOf(join(folder, file));
  const { batch, names } = JSON.parse(readFileSync(join(folder, 'layout.json'), 'utf8')) as Layout;
  const found = await trainer.gradients({
    image: new ort.Tensor('float32', new Float32Array(read('image.bin')), [batch, 3, 224, 224]),
    target: new ort.Tensor('int64', new BigInt64Array(read('target.bin')), [batch]),
  });
  const [single, double] = [new Float32Array(read('single.bin')), new Float64Array(read('double.bin'))];
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

/** The errors for one seed. */
async function errorsOf(net: string, seed: number, twin: boolean): Promise<Errors> {
  const folder = mkdtempSync(join(tmpdir(), 'clr-nets-'));
  try {
    const args = [script, net, folder, String(seed), ...(twin ? ['smooth'] : [])];
    execFileSync(python, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const trainer = await createTrainer(runtime, join(folder, 'net.onnx'), {
      ...({ loss: 'crossEntropy', optimizer: sgd(), deterministic: true } as const),
      session: { logSeverityLevel: 3 },
    });
    const errors = await compare(trainer, folder);
    await trainer.dispose();
    return errors;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The median, the smallest and the largest number. */
function spread(values: readonly number[]): [number, number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (place: number): number => sorted[place] as number;
  const half = (sorted.length - 1) / 2;
  return [(at(Math.floor(half)) + at(Math.ceil(half))) / 2, at(0), at(sorted.length - 1)];
}

console.log('| net | clr | PyTorch | ratio: median (range) |\n|---|---|---|---|');
for (const net of positionals.length > 0 ? positionals : nets) {
  const twin = !options['as-is'] && !smooth.has(net);
  const errors: Errors[] = [];
  for (let seed = 1; seed <= Number(options.seeds); seed++) errors.push(await errorsOf(net, seed, twin));
  const [ours, theirs] = [errors.map(({ ours }) => ours), errors.map(({ theirs }) => theirs)];
  const [ratio, low, high] = spread(errors.map(({ ours, theirs }) => ours / theirs)).map((x) => x.toFixed(2));
  const medians = [ours, theirs].map((values) => spread(values)[0].toExponential(1));
  console.log(`| ${net} | ${medians.join(' | ')} | ${ratio} (${low}–${high}) |`);
}
