import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { adam } from '@clr/core';
import { floatImages } from '@clr/datasets';
import { accuracyOf, batchOf, type Digits, digits, orderOf } from '@clr/datasets/onnx';
import { type Batch, createTrainer, describeModel } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { backbone } from './backbone.ts';
import { type Method, methodsFor } from './methods.ts';

// A net that was trained on the digits 0 to 4 learns the digits 5 to 9 from 500 examples, in several ways. clr and
// PyTorch use the same file, initial weights and batches. Both libraries repeat the runs with the body's weights stored
// as 8-bit and as 4-bit integers.
// Usage: tsx onnx-finetune/run.ts [--seeds 1,2,3]

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1,2,3' } } });
const seeds = values.seeds.split(',').map(Number);
const [examples, size, epochs] = [500, 25, 12];
const others = [5, 6, 7, 8, 9];

/** A process that runs PyTorch. */
function startTorch() {
  const script = new URL('torch_worker.py', import.meta.url).pathname;
  const child = spawn(process.env.CLR_PYTHON ?? '/usr/bin/python3', [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (command: string, request: object): Promise<{ accuracy: number; losses: number[] }> => {
      child.stdin.write(`${JSON.stringify({ command, ...request })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`PyTorch's process ended during "${command}"`);
      return JSON.parse(value);
    },
    close: () => child.stdin.end(),
  };
}

const order = (seed: number): number[][] =>
  Array.from({ length: epochs }, (_, epoch) => orderOf(examples, size, 1000 * seed + epoch)).flat();

/** Fine-tunes in clr. Returns the exported model and the losses. */
async function tune({ model, trainable, lr, finish }: Method, batches: readonly Batch[]) {
  const options = {
    loss: 'crossEntropy',
    optimizer: adam(),
    trainable,
    session: { logSeverityLevel: 3 },
  } as const;
  const trainer = await createTrainer(ort, model, options);
  const losses: number[] = [];
  for (const batch of batches) losses.push(await (await trainer.trainStep(batch, { lr })).loss);
  const trained = finish(await trainer.exportModel());
  await trainer.dispose();
  return { trained, losses };
}

const folder = await mkdtemp(join(tmpdir(), 'clr-finetune-'));
const torch = startTorch();
const store = async (name: string, data: Digits): Promise<void> => {
  const all = Uint32Array.from(data.labels, (_, i) => i);
  const { buffer, byteOffset, byteLength } = floatImages(data, all, data.normalisation);
  await writeFile(join(folder, `${name}.bin`), new Uint8Array(buffer, byteOffset, byteLength));
  await writeFile(join(folder, `${name}.json`), JSON.stringify([...data.labels]));
};
try {
  const test = await digits('test', others);
  await store('test', test);
  const body = await backbone();
  await writeFile(join(folder, 'body.onnx'), body);
  const inBits = async (bits: number): Promise<Uint8Array> => {
    await torch.ask('quantise', { folder, model: 'body.onnx', to: `int${bits}.onnx`, bits });
    return new Uint8Array(await readFile(join(folder, `int${bits}.onnx`)));
  };
  const [int8, int4] = [await inBits(8), await inBits(4)];
  const own = await digits('test', [0, 1, 2, 3, 4]);
  const share = (value: number): string => (100 * value).toFixed(2);
  console.log(
    `backbone on the digits 0 to 4: float ${share(await accuracyOf(body, own))} %, int8 ${share(await accuracyOf(int8, own))} %, int4 ${share(await accuracyOf(int4, own))} %`,
  );

  const started = performance.now();
  const bodies = { float: body, int8, int4 };
  const rows = new Map<string, { clr: number[]; torch: number[]; apart: number }>();
  for (const seed of seeds) {
    const data = await digits('train', others, { limit: examples, seed });
    await store('train', data);
    const numbers = order(seed);
    const batches = numbers.map((each) => batchOf(data, each));
    for (const [kind, file] of Object.entries(bodies)) {
      for (const method of methodsFor(file, seed, kind !== 'float')) {
        const key = `${kind} | ${method.name}`;
        const row = rows.get(key) ?? { clr: [], torch: [], apart: 0 };
        rows.set(key, row);
        const { trained, losses } = await tune(method, batches);
        row.clr.push(await accuracyOf(trained, test));
        await writeFile(join(folder, 'model.onnx'), method.model);
        const trainable = describeModel(method.model)
          .weights.map(({ name }) => name)
          .filter(method.trainable);
        const peer = await torch.ask('tune', {
          ...{ folder, model: 'model.onnx', trainable, lr: method.lr, order: numbers, test: 'test' },
        });
        row.torch.push(peer.accuracy);
        const apart = losses.slice(0, 20).map((loss, i) => Math.abs(loss - peer.losses[i]!));
        row.apart = Math.max(row.apart, ...apart);
        console.error(`${seed} ${key}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
      }
    }
  }
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  console.log(
    `digits 5 to 9, ${examples} examples, ${epochs} epochs, Adam; accuracy in %, means of seeds ${seeds.join(', ')}`,
  );
  console.log(
    '| body | what is trained | clr | PyTorch | difference | largest difference of the first 20 losses |\n|---|---|---|---|---|---|',
  );
  for (const [key, row] of rows) {
    const [ours, theirs] = [mean(row.clr), mean(row.torch)];
    console.log(
      `| ${key} | ${share(ours)} | ${share(theirs)} | ${share(ours - theirs)} | ${row.apart.toExponential(0)} |`,
    );
  }
} finally {
  torch.close();
  await rm(folder, { recursive: true, force: true });
}
