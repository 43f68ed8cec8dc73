import { sgd } from '@clr/core';
import { type Batch, createTrainer, freezeExcept, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { mobileNet } from './mobileNet.ts';

// Trains the head of MobileNet v2 at 224 × 224 with cached features and without, in turns, and compares the speeds.

const [classes, size, count, turns, steps] = [10, 8, 4, 5, 8];

const batches: readonly Batch[] = Array.from({ length: count }, (_, b) => ({
  input: new ort.Tensor(
    'float32',
    Float32Array.from({ length: size * 3 * 224 * 224 }, (_, i) => Math.sin(0.37 * i + b + (i % 997))),
    [size, 3, 224, 224],
  ),
  target: new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: size }, (_, i) => BigInt((3 * b + i) % classes)),
    [size],
  ),
}));
const ids = new Map(batches.map((batch, b) => [batch, Array.from({ length: size }, (_, i) => size * b + i)]));
const model = await mobileNet(classes, batches[0]!);
const options = {
  loss: 'crossEntropy',
  optimizer: sgd({ momentum: 0.9 }),
  trainable: freezeExcept(model, 1),
  session: { logSeverityLevel: 3 },
} as const;
const plain = await createTrainer(ort, model, options);
const cached = await createTrainer(ort, model, { ...options, cacheFeatures: (batch) => ids.get(batch)! });

/** Trains for some steps. Returns their losses and the steps per second. */
async function take(trainer: OnnxTrainer, from: number): Promise<{ losses: number[]; rate: number }> {
  const losses: number[] = [];
  const start = performance.now();
  for (let step = from; step < from + steps; step++)
    losses.push(await (await trainer.trainStep(batches[step % count]!, { lr: 0.01 })).loss);
  return { losses, rate: (1000 * steps) / (performance.now() - start) };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const rates = { plain: [] as number[], cached: [] as number[] };
let [worst, first, last] = [0, Number.NaN, Number.NaN];
for (let turn = 0; turn <= turns; turn++) {
  const [a, b] = [await take(plain, turn * steps), await take(cached, turn * steps)];
  worst = Math.max(worst, ...a.losses.map((loss, i) => Math.abs(loss - b.losses[i]!) / Math.max(1, loss)));
  if (turn === 0) first = a.losses[0]!;
  last = b.losses.at(-1)!;
  // The first turn fills the cache.
  if (turn === 0)
    console.log(
      `first ${steps} steps, which fill the cache: ${b.rate.toFixed(1)} a second, ${a.rate.toFixed(1)} without a cache`,
    );
  else
    for (const [name, { rate }] of [
      ['plain', a],
      ['cached', b],
    ] as const)
      rates[name].push(rate);
}
const [slow, fast] = [median(rates.plain), median(rates.cached)];
console.log(`batch ${size}, medians of ${turns} turns of ${steps} steps`);
console.log(
  `${slow.toFixed(1)} steps a second without a cache, ${fast.toFixed(0)} with it: ${(fast / slow).toFixed(0)} times as many`,
);
console.log(
  `losses from ${first.toFixed(4)} to ${last.toFixed(4)}; largest difference ${worst.toExponential(1)}`,
);
await plain.dispose();
await cached.dispose();
