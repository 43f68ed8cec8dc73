// Trains in the same way as `clr train`, but by calls of @clr/onnx. run.ts compares the times of the two programs.
// Usage: node direct.mjs model data out batch epochs lr
import { readFile, writeFile } from 'node:fs/promises';
import { adamW, decay, train } from '@clr/core';
import { arraysDataset, batchesOfRows, openArrays, splitRows } from '@clr/data';
import { fileSource } from '@clr/data/node';
import { createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

const [model, data, out, ...numbers] = process.argv.slice(2);
const [batch, epochs, lr] = numbers.map(Number);
const arrays = await openArrays(await fileSource(data), 'data');
const named = (name) => arrays.find((array) => array.name === name);
const dataset = await arraysDataset({
  input: { array: named('x'), type: 'float32' },
  target: { array: named('y'), type: 'int64' },
});
const rows = splitRows(dataset.labels, { share: 0.2, seed: 0 });
const make = (values) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, new ort.Tensor(value.type, value.data, value.dims)]),
  );
const trainer = await createTrainer(ort, await readFile(model), {
  loss: 'crossEntropy',
  optimizer: adamW(),
  deterministic: true,
});
const validation = batchesOfRows(dataset, { rows: rows.validation, size: 64, make });
await trainer.evaluate(validation);
const steps = epochs * Math.ceil(rows.train.length / batch);
await train(trainer, batchesOfRows(dataset, { rows: rows.train, size: batch, seed: 0, make }), {
  policy: decay({ maxLr: lr, steps }),
  steps,
  validation,
});
await writeFile(out, await trainer.exportModel());
await trainer.dispose();
