import { ClrError } from '@clr/core';
import {
  type ArrayField,
  arraysDataset,
  type ByteSource,
  checkShape,
  checkValues,
  type Dataset,
  fitTable,
  openArrays,
  openParquetTable,
  type RawArray,
  readCsvTable,
  splitRows,
  tableDataset,
} from '@clr/data';
import { describeModel, freezeBatchNorm, freezeExcept, type ModelDescription, replaceHead } from '@clr/onnx';
import type { DroppedFiles, RunSettings } from './protocol.ts';
import type { Task } from './task.ts';

type Port = ModelDescription['inputs'][number];

/** How the held-out fifth is chosen: the same in every visit. */
const split = { share: 0.2, seed: 0 } as const;
/** How many examples are looked at before a training. */
const looked = 1024;

/** Reads a dropped model and data, and sees that they fit. */
export async function openDropped({ model, data }: DroppedFiles, head: RunSettings['head']): Promise<Task> {
  const given = new Uint8Array(await model.arrayBuffer());
  const { inputs } = describeModel(given);
  const { dataset, notes } = await openData(data, inputs);
  const { train, validation } = splitRows(dataset.labels ?? dataset.count, split);
  const classes = dataset.labels
    ? 1 + Array.from(dataset.labels).reduce((most, label) => Math.max(most, label), 0)
    : undefined;
  const body = head === 'as it is' ? given : replaceHead(given, { classes: classes ?? 1 });
  const outputs = outputsOf(body);
  if (classes !== undefined && outputs !== undefined && classes > outputs) {
    throw fail(
      `a model with an output for each of ${classes} classes`,
      `${outputs} outputs`,
      'Give it a new last layer.',
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

async function openData(file: File, inputs: readonly Port[]): Promise<Opened> {
  const isParquet = /\.parquet$/i.test(file.name);
  if (!isParquet && !/\.(csv|tsv|txt)$/i.test(file.name)) return openArrayFile(file, inputs);
  const table = isParquet
    ? await openParquetTable(sourceOf(file), file.name)
    : readCsvTable(new Uint8Array(await file.arrayBuffer()), file.name);
  const { encoding, notes } = await fitTable(table, { split });
  const dataset = await tableDataset(table, encoding);
  const width = dataset.fields['input']?.dims[0] ?? 0;
  const [port] = inputs;
  checkShape(port?.name ?? 'input', [table.rows, width], port?.dims);
  return { dataset: named(dataset, port?.name ?? 'input'), notes };
}

const targetNames = /^(y|labels?|targets?|class|classes|y_?train|train_?y)$/i;
const inputNames = /^(x|inputs?|images?|data|features?|x_?train|train_?x)$/i;

async function openArrayFile(file: File, inputs: readonly Port[]): Promise<Opened> {
  const arrays = await openArrays(sourceOf(file), file.name.replace(/\.\w+$/, ''));
  const shown = arrays.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', ');
  const target = arrays.find(({ name }) => targetNames.test(name));
  if (!target) {
    const advice = 'Save them beside the inputs: np.savez(path, x=…, y=…).';
    throw fail(`an array with the answers in ${file.name}: y, labels or target`, shown, advice);
  }
  const rest = arrays.filter((array) => array !== target);
  const fields: Record<string, ArrayField> = {};
  const notes: string[] = [];
  for (const { name, type, dims } of inputs) {
    const array =
      rest.find((each) => each.name === name) ??
      (inputs.length > 1
        ? undefined
        : rest.length === 1
          ? rest[0]
          : rest.find((each) => inputNames.test(each.name)));
    if (!array) {
      throw fail(
        `an array for the model’s input "${name}" in ${file.name}`,
        shown,
        `Save it under that name: np.savez(path, ${name}=…).`,
      );
    }
    checkShape(array.name, array.dims, dims);
    const isBytes = array.dtype === 'u1' && type === 'float32' && array.dims.length > 2;
    if (isBytes) notes.push(`The bytes of "${array.name}" are divided by 255.`);
    fields[name] = {
      array,
      type: type === 'int64' ? 'int64' : 'float32',
      ...(isBytes && { scale: 1 / 255 }),
    };
  }
  const isClasses = !/^(f|bf)/.test(target.dtype);
  fields['target'] = { array: answers(target, isClasses), type: isClasses ? 'int64' : 'float32' };
  return { dataset: await arraysDataset(fields), notes };
}

/** The answers as the loss wants them: classes [N], numbers at least [N, 1]. */
function answers(target: RawArray, isClasses: boolean): RawArray {
  const { dims, name } = target;
  if (!isClasses) return dims.length === 1 ? { ...target, dims: [...dims, 1] } : target;
  if (dims.length === 2 && dims[1] === 1) return { ...target, dims: dims.slice(0, 1) };
  if (dims.length === 1) return target;
  throw fail(
    `the number of a class for each example in "${name}"`,
    `an array [${dims.join(', ')}]`,
    `Of one-hot vectors give ${name}.argmax(1).`,
  );
}

/** The same examples, with their `input` under the name that the model has for it. */
function named(dataset: Dataset, name: string): Dataset {
  const under = <T>({ input, ...rest }: Record<string, T>): Record<string, T> => ({
    [name]: input as T,
    ...rest,
  });
  return { ...dataset, fields: under(dataset.fields), read: async (rows) => under(await dataset.read(rows)) };
}

const fail = (expected: string, received: string, advice: string): ClrError =>
  new ClrError('clr/playground', { expected, received, advice });
