/**
 * The program of one rank. It times steps on its share of a batch, or only all-reduces, and prints the median as JSON.
 *
 * node --import tsx mpi-step/worker.ts step <folder> <net> <shape> <threads> <seconds>
 * node --import tsx mpi-step/worker.ts allreduce <length> <rounds>
 */

import { sgd } from '@clr/core';
import { mpi } from '@clr/mpi';
import type { Batch } from '@clr/onnx';
import { createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { openBatch } from '../onnx-step/ours.ts';
import { median } from '../onnx-step/table.ts';
import { training } from '../onnx-step/torch.ts';

const [kind, ...args] = process.argv.slice(2) as [string, ...string[]];
const reduce = mpi();
const result =
  kind === 'step'
    ? await timeSteps(...(args as Parameters<typeof timeSteps>))
    : timeSums(...(args as [string, string]));
if (reduce.rank === 0) console.log(JSON.stringify(result));

/** This rank's share of a batch. */
function shareOf(batch: Batch): Batch {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { type, data, dims }]) => {
      const [count, ...rest] = dims as [number, ...number[]];
      const [from, to] = [reduce.rank, reduce.rank + 1].map((part) =>
        Math.round((count * part) / reduce.size),
      ) as [number, number];
      const each = rest.reduce((size, dim) => size * dim, 1);
      const share = (data as Float32Array).slice(from * each, to * each);
      return [name, new ort.Tensor(type as 'float32', share, [to - from, ...rest])];
    }),
  );
}

async function timeSteps(folder: string, net: string, shape: string, threads: string, seconds: string) {
  const trainer = await createTrainer(ort, `${folder}/${net}.onnx`, {
    loss: 'crossEntropy',
    optimizer: sgd(training),
    session: { intraOpNumThreads: Number(threads), logSeverityLevel: 3 },
    reduce,
  });
  const batch = shareOf(openBatch(folder, net, JSON.parse(shape)));
  const milliseconds: number[] = [];
  // All ranks must take the same number of steps, so the first rank chooses the number.
  for (let steps = 10; steps > 0; steps = await stepsLeft(milliseconds, Number(seconds))) {
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      await (await trainer.trainStep(batch, { lr: 0.001 })).loss;
      milliseconds.push(performance.now() - start);
    }
  }
  await trainer.dispose();
  return { milliseconds: median(milliseconds.slice(10)) };
}

async function stepsLeft(milliseconds: readonly number[], seconds: number): Promise<number> {
  const elapsed = milliseconds.reduce((sum, value) => sum + value, 0) / 1000;
  const steps = Float64Array.of(elapsed < seconds || milliseconds.length < 20 ? 10 : 0);
  await reduce.broadcast([steps], 0);
  return steps[0]!;
}

function timeSums(length: string, rounds: string) {
  const vector = new Float32Array(Number(length));
  const milliseconds = Array.from({ length: Number(rounds) }, () => {
    reduce.all(true);
    const start = performance.now();
    reduce.sum([vector]);
    return performance.now() - start;
  });
  return { milliseconds: median(milliseconds) };
}
