import { analyzeRangeTest, constant, fitToCycles, rangeTest, triangular2 } from '@clr/core';
import { createTrainable, cyclicLR, resumeCyclicLR } from '@clr/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Digits, loadDigits } from './digits.ts';
import { makeModel } from './model.ts';

const batchSize = 64;

/**
 * The results: the rates, and the accuracies of both runs on 10,000 test digits after the same number of steps.
 */
export interface Outcome {
  readonly baseLr: number;
  readonly maxLr: number;
  readonly fixedLr: number;
  readonly steps: number;
  readonly clr: number;
  readonly fixed: number;
}

/** Runs the whole example on MNIST. `print` gets its output line by line. */
export async function trainDigits(
  { images = 10_000, epochs = 4 }: { images?: number; epochs?: number } = {},
  print: (line: string) => void = () => {},
): Promise<Outcome> {
  await tf.setBackend('cpu');
  const { train, validation, test } = await loadDigits(images);
  const stepsPerEpoch = Math.ceil(images / batchSize);

  print('1. The LR range test: one short run, in which the rate rises from 1e-4 to 3');
  const model = makeModel();
  const trainable = createTrainable(tf, model);
  const trace = await rangeTest(trainable, batches(train), { startLr: 1e-4, endLr: 3, steps: stepsPerEpoch });
  const { suggestion, reasons } = analyzeRangeTest(trace);
  for (const reason of reasons) print(`   ${reason}`);
  if (suggestion === null) throw new Error('Expected the range test of this net to give a suggestion.');
  const { baseLr, maxLr, fixedLr } = suggestion;
  print(`   base ${show(baseLr)}, max ${show(maxLr)}; for a fixed rate ${show(fixedLr)}`);

  const policy = triangular2({ baseLr, maxLr, stepSize: stepsPerEpoch, momentum: { base: 0.85, max: 0.95 } });
  const steps = fitToCycles(policy, epochs * stepsPerEpoch);
  print(`2. Cyclical rates, ${steps} steps, saved half-way and resumed`);
  const fitArgs = { batchSize, validationData: [validation.xs, validation.ys] as [tf.Tensor, tf.Tensor] };
  const half = Math.floor(epochs / 2);
  const first = await model.fit(train.xs, train.ys, {
    ...fitArgs,
    epochs: half,
    callbacks: cyclicLR(policy),
  });
  report(first, print);
  const resumed = await throughStorage(model);
  const second = await resumed.fit(train.xs, train.ys, {
    ...fitArgs,
    initialEpoch: half,
    epochs,
    callbacks: resumeCyclicLR(resumed),
  });
  report(second, print);
  const clr = accuracyOf(resumed, test);

  print(`3. The best fixed rate, ${steps} steps from the same start`);
  const other = makeModel();
  report(
    await other.fit(train.xs, train.ys, {
      ...fitArgs,
      epochs,
      callbacks: cyclicLR(constant({ lr: fixedLr })),
    }),
    print,
  );
  const fixed = accuracyOf(other, test);
  print(`Accuracy on 10,000 test digits: cyclical ${percent(clr)}, fixed ${percent(fixed)}`);
  return { baseLr, maxLr, fixedLr, steps, clr, fixed };
}

/** The training digits in batches, which the range test can read repeatedly. */
function batches({ xs, ys }: Digits): Digits[] {
  const starts = Array.from({ length: Math.floor(xs.shape[0] / batchSize) }, (_, index) => index * batchSize);
  return starts.map((start) => ({ xs: xs.slice(start, batchSize), ys: ys.slice(start, batchSize) }));
}

/** Saves and loads a model. Here `model.save` writes to memory; usually it writes to a URL. */
async function throughStorage(model: tf.LayersModel): Promise<tf.LayersModel> {
  let saved: tf.io.ModelArtifacts = {};
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler, { includeOptimizer: true });
  return tf.loadLayersModel(tf.io.fromMemory(saved));
}

function accuracyOf(model: tf.LayersModel, { xs, ys }: Digits): number {
  const [, accuracy] = model.evaluate(xs, ys, { batchSize: 1000 }) as tf.Scalar[];
  return accuracy!.dataSync()[0]!;
}

/** Prints a line for each epoch. The history holds `lr` and `momentum` besides the losses. */
function report({ epoch, history }: tf.History, print: (line: string) => void): void {
  const at = (name: string, index: number): number => Number(history[name]?.[index]);
  epoch.forEach((number, index) => {
    const momentum = history.momentum ? `, momentum ${at('momentum', index).toFixed(3)}` : '';
    print(
      `   epoch ${number + 1}: loss ${at('loss', index).toFixed(4)}, validation ${percent(at('val_acc', index))}, ` +
        `ended at lr ${show(at('lr', index))}${momentum}`,
    );
  });
}

const show = (rate: number): string => String(Number(rate.toPrecision(3)));
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
