// Compares clr's gradients of torchvision's nets, and PyTorch's own in float32, with PyTorch's in float64: random weights, batch
// norms in training form, cross-entropy of two random images of 224 × 224.
//   npx tsx scripts/torchvisionNets.ts [net,net…]
// It needs Python with torch and torchvision: CLR_PYTHON; default /usr/bin/python3 (Debian's python3-torchvision).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { createTrainer, type ParameterData } from '../src/index.ts';

const nets = [
  ...['alexnet', 'squeezenet1_1', 'resnet18', 'resnet50', 'resnext50_32x4d', 'googlenet', 'mobilenet_v2'],
  ...['mobilenet_v3_small', 'shufflenet_v2_x1_0', 'mnasnet1_0', 'regnet_y_400mf'],
  ...['densenet121', 'swin_t', 'convnext_tiny', 'efficientnet_b0', 'vit_b_16'],
];
const python = process.env.CLR_PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('torchvision_nets.py', import.meta.url));

/** The bytes of a file, in a buffer of their own. */
const bytesOf = (path: string): ArrayBuffer => new Uint8Array(readFileSync(path)).buffer;

const norm = (values: ArrayLike<number>): number => {
  let square = 0;
  for (let i = 0; i < values.length; i++) square += (values[i] as number) ** 2;
  return Math.sqrt(square);
};

/** How far a gradient is from the right one. */
function distance(values: ArrayLike<number>, right: Float64Array): number {
  let square = 0;
  for (let i = 0; i < right.length; i++) square += ((values[i] as number) - (right[i] as number)) ** 2;
  return Math.sqrt(square);
}

async function gradientsOf(net: string, folder: string, batch: number): Promise<Map<string, ParameterData>> {
  const session = { logSeverityLevel: 3 } as const;
  const trainer = await createTrainer(ort, join(folder, `${net}.onnx`), {
    ...({ loss: 'crossEntropy', optimizer: sgd(), deterministic: true, session } as const),
  });
  const found = await trainer.gradients({
    image: new ort.Tensor('float32', new Float32Array(bytesOf(join(folder, 'image.bin'))), [
      batch,
      3,
      224,
      224,
    ]),
    target: new ort.Tensor('int64', new BigInt64Array(bytesOf(join(folder, 'target.bin'))), [batch]),
  });
  await trainer.dispose();
  return found;
}

const wanted = process.argv[2]?.split(',') ?? nets;
console.log(
  '| net | tensors | whole gradient, clr | PyTorch float32 | worst tensor, clr | PyTorch float32 | tensors with more than twice PyTorch’s error |',
);
console.log('|---|---|---|---|---|---|---|');
for (const net of wanted) {
  const folder = mkdtempSync(join(tmpdir(), 'clr-nets-'));
  try {
    execFileSync(python, [script, net, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    const { batch, names } = JSON.parse(readFileSync(join(folder, 'layout.json'), 'utf8')) as {
      batch: number;
      names: [string, number][];
    };
    const found = await gradientsOf(net, folder, batch);
    const [single, double] = [
      new Float32Array(bytesOf(join(folder, 'single.bin'))),
      new Float64Array(bytesOf(join(folder, 'double.bin'))),
    ];
    let at = 0;
    const rows = names.map(([name, length]) => {
      const right = double.subarray(at, at + length);
      const theirs = distance(single.subarray(at, at + length), right);
      at += length;
      const own = found.get(name)?.data;
      if (own?.length !== length) throw new Error(`no gradient of "${name}" with ${length} elements`);
      return { name, size: norm(right), ours: distance(own, right), theirs };
    });
    const size = norm(rows.map((row) => row.size));
    // A bias before a batch norm has the gradient 0: beside the smallest of the others its rounding says nothing.
    const telling = rows.filter((row) => row.size > 1e-6 * size);
    const whole = (side: 'ours' | 'theirs'): string =>
      (norm(rows.map((row) => row[side])) / size).toExponential(1);
    const worst = (side: 'ours' | 'theirs'): string =>
      Math.max(...telling.map((row) => row[side] / row.size)).toExponential(1);
    const over = telling.filter((row) => row.ours > 2 * row.theirs).length;
    console.log(
      `| ${net} | ${rows.length} | ${whole('ours')} | ${whole('theirs')} | ${worst('ours')} | ${worst('theirs')} | ${over} |`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
