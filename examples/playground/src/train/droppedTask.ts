import { ClrError } from '@clr/core';
import {
  type ByteSource,
  checkValues,
  type Dataset,
  fitTable,
  inputNamed,
  type ModelInput,
  matchArrays,
  openArrays,
  openParquetTable,
  readCsvTable,
  splitRows,
  tableDataset,
} from '@clr/data';
import { describeModel, freezeBatchNorm, freezeExcept, replaceHead } from '@clr/onnx';
import type { DroppedFiles, RunSettings } from './protocol.ts';
import type { Task } from './task.ts';

/** Holds out a fifth of the examples. The seed is fixed, so that every visit holds out the same examples. */
const split = { share: 0.2, seed: 0 } as const;
/** The number of examples that are checked before training. */
const looked = 1024;

/** Reads a dropped model and data, and checks that they fit. */
export async function openDropped({ model, data }: DroppedFiles, head: RunSettings['head']): Promise<Task> {
  const given = new Uint8Array(await model.arrayBuffer());
  const { inputs } = describeModel(given);
  const { dataset, notes } = await openData(data, inputs);
  const { train, validation } = splitRows(dataset.labels ?? dataset.count, split);
  const classes = dataset.labels
    ? 1 + Array.from(dataset.labels).reduce((most, label) => Math.max(most, label), 0)
    : undefined;
  const width = dataset.fields['target']?.dims[0] ?? 1;
  const body = head === 'as it is' ? given : replaceHead(given, { classes: classes ?? width });
  const outputs = outputsOf(body);
  if (classes !== undefined && outputs !== undefined && classes > outputs) {
    throw fail(
      `a model with an output for each of ${classes} classes`,
      `${outputs} outputs`,
      'Give the model a new last layer.',
    );
  }
  if (classes === undefined && outputs !== undefined && outputs !== width) {
    throw fail(
      `a model with ${width === 1 ? 'one output' : `${width} outputs`}, because the target is ${width === 1 ? 'a number' : `${width} numbers`}`,
      `${outputs} outputs`,
      'Give the model a new last layer.',
    );
  }
  const wanted = classes !== undefined && outputs !== undefined ? { classes: outputs } : {};
  const advice = checkValues(await dataset.read(train.subarray(0, looked)), wanted);
  const trainable = head === 'new, alone' ? freezeExcept(body, 1) : undefined;
  return {
    name: model.name.replace(/\.onnx$/i, ''),
    model: trainable ? freezeBatchNorm(body, { except: trainable }) : body,
    loss: classes === undefined ? 'mse' : 'crossEntropy',
    train: { dataset, rows: train },
    validation: { dataset, rows: validation },
    ...(trainable && { trainable }),
    finish: (trained) => freezeBatchNorm(trained),
    notes: [...notes, ...advice],
  };
}

function outputsOf(model: Uint8Array): number | undefined {
  const { dims } = describeModel(model).outputs[0] ?? {};
  const last = dims?.[dims.length > 2 ? 1 : dims.length - 1];
  return typeof last === 'number' ? last : undefined;
}

const sourceOf = (file: File): ByteSource => ({
  size: file.size,
  read: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
});

interface Opened {
  readonly dataset: Dataset;
  readonly notes: readonly string[];
}

async function openData(file: File, inputs: readonly ModelInput[]): Promise<Opened> {
  const isParquet = /\.parquet$/i.test(file.name);
  if (!isParquet && !/\.(csv|tsv|txt)$/i.test(file.name)) return openArrayFile(file, inputs);
  const table = isParquet
    ? await openParquetTable(sourceOf(file), file.name)
    : readCsvTable(new Uint8Array(await file.arrayBuffer()), file.name);
  const { encoding, notes } = await fitTable(table, { split });
  const dataset = await tableDataset(table, encoding);
  const width = dataset.fields['input']?.dims[0] ?? 0;
  const [port] = inputs;
  const dims = port?.dims;
  if (dims && (dims.length !== 2 || (typeof dims[1] === 'number' && dims[1] !== width))) {
    const wide = encoding.features.flatMap((feature) => {
      if (feature.type === 'category') return [`"${feature.name}" has ${feature.values.length} texts`];
      return feature.missing ? [`"${feature.name}" has missing values`] : [];
    });
    throw fail(
      `a model whose input is [batch, ${width}], because each row of this table becomes ${width} numbers`,
      `"${port.name}" [${dims.join(', ')}]`,
      wide.length > 0
        ? `A text and a missing value take numbers of their own: ${wide.join(', ')}.`
        : 'Give a table or a model that fits.',
    );
  }
  return { dataset: inputNamed(dataset, port?.name ?? 'input'), notes: [...notes, ...dataset.notes] };
}

async function openArrayFile(file: File, inputs: readonly ModelInput[]): Promise<Opened> {
  const arrays = await openArrays(sourceOf(file), file.name.replace(/\.\w+$/, ''));
  const { dataset, divided } = await matchArrays(arrays, { file: file.name, inputs });
  return { dataset, notes: divided.map((name) => `The bytes of "${name}" are divided by 255.`) };
}

const fail = (expected: string, received: string, advice: string): ClrError =>
  new ClrError('clr/playground', { expected, received, advice });
