// Trains small models that another program (python3-onnx) wrote, with structures that occur in public files. For each,
// it compares the gradients in three directions with central differences, and takes 30 steps of SGD.
// test/publicForms.test.ts tests the same structures in models that it writes itself.
//   npx tsx scripts/publicForms.ts FOLDER
// FOLDER holds the files that `forms` below lists, with the ending `.onnx`.
import { readFileSync } from 'node:fs';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { createTrainer } from '../src/index.ts';
import type { BuildOptions } from '../src/training/options.ts';
import { random } from '../test/checkGradient.ts';
import { directions } from '../test/directions.ts';
import { unrounded } from '../test/unrounded.ts';

const draw = random(23);
const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const floats = (...dims: number[]): ort.Tensor =>
  new ort.Tensor(
    'float32',
    Float32Array.from({ length: size(dims) }, () => 2 * draw() - 1),
    dims,
  );
const labels = (classes: number, ...dims: number[]): ort.Tensor =>
  new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: size(dims) }, (_, i) => BigInt(i % classes)),
    dims,
  );
const rate = new ort.Tensor('int64', BigInt64Array.of(16000n), []);

interface Form {
  readonly file: string;
  readonly options: Omit<BuildOptions, 'optimizer'>;
  readonly feeds: Record<string, ort.Tensor>;
  /** Returns the model without rounding, because central differences cannot measure through rounded values. */
  readonly smooth?: (file: Uint8Array) => Uint8Array;
}

const rows = { x: floats(6, 8), target: floats(6, 3) };
const classes = { x: floats(6, 8), target: labels(3, 6) };
const mse = { loss: 'mse' } as const;
const forms: readonly Form[] = [
  { file: 'constant_weights', options: { loss: 'crossEntropy' }, feeds: classes },
  { file: 'constant_weights_but_biases', options: { loss: 'crossEntropy' }, feeds: classes },
  { file: 'infinite_mask', options: mse, feeds: { x: floats(2, 5, 8), target: floats(2, 5, 8) } },
  {
    file: 'loss_operator',
    options: { loss: { output: 'loss' } },
    feeds: { x: floats(4, 8), t: labels(16, 4) },
  },
  {
    file: 'tokens',
    options: { loss: 'crossEntropy' },
    feeds: { x: floats(2, 5, 8), target: labels(3, 2, 5) },
  },
  {
    file: 'tokens',
    options: { loss: { type: 'crossEntropy', axis: 2 } },
    feeds: { x: floats(2, 3, 8), target: labels(3, 2, 3) },
  },
  // Refused as ambiguous: axes 1 and 2 both have size 3, so either could hold the classes.
  {
    file: 'tokens',
    options: { loss: 'crossEntropy' },
    feeds: { x: floats(2, 3, 8), target: labels(3, 2, 3) },
  },
  { file: 'if_on_input', options: mse, feeds: { ...rows, sr: rate } },
  { file: 'loop_unnamed', options: mse, feeds: rows },
  { file: 'function_unnamed', options: mse, feeds: rows },
  { file: 'unsorted', options: mse, feeds: rows },
  { file: 'contrib', options: mse, feeds: rows },
  { file: 'contrib', options: { ...mse, trainable: (name) => name === 'w2' }, feeds: rows },
  { file: 'dynamic_int8', options: mse, feeds: rows, smooth: unrounded },
  { file: 'input_named_target', options: mse, feeds: { target: floats(6, 8), 'clr.target': floats(6, 3) } },
  {
    file: 'fixed_batch',
    options: { ...mse, sizes: { x: [16, 8] } },
    feeds: { x: floats(16, 8), target: floats(16, 3) },
  },
];

const messageOf = (error: unknown): string => String(error instanceof Error ? error.message : error);

/**
 * The cells of a model's row: the names of its trained weights, the errors in three directions, and the first and the
 * last of 30 losses.
 */
async function show({ file, options, feeds, smooth }: Form, folder: string): Promise<string[]> {
  const bytes = new Uint8Array(readFileSync(`${folder}/${file}.onnx`));
  const built = { ...options, optimizer: sgd() };
  const found = await directions(ort, bytes, built, feeds, { uphill: true, ...(smooth ? { smooth } : {}) });
  const trainer = await createTrainer(ort, bytes, { ...built, session: { logSeverityLevel: 4 } });
  const losses: number[] = [];
  for (let step = 0; step < 30; step++) losses.push(await (await trainer.trainStep(feeds, { lr: 0.1 })).loss);
  const names = [...(await trainer.parameters()).keys()];
  await trainer.dispose();
  const errors = found.map(({ error }) => error.toExponential(1)).join(' ');
  return [names.join(', '), errors, `${losses[0]?.toPrecision(3)} → ${losses.at(-1)?.toPrecision(3)}`];
}

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('Give the folder of the models: npx tsx scripts/publicForms.ts FOLDER');
console.log(
  '| model | loss | trained | relative error of gradients | loss, 30 steps |\n|---|---|---|---|---|',
);
for (const form of forms) {
  const loss = JSON.stringify(form.options.loss);
  const cells = await show(form, folder).catch((error: unknown) => [messageOf(error).replaceAll('\n', ' ')]);
  console.log(`| ${[form.file, loss, ...cells].join(' | ')} |`);
}
