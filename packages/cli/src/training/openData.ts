import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import {
  type ArrayField,
  arraysDataset,
  channelMoments,
  checkShape,
  type Dataset,
  fitTable,
  type ImageEncoding,
  ImageReader,
  imagesDataset,
  openArrays,
  openArrowTable,
  openParquetTable,
  type RawArray,
  readCsvTable,
  type SplitOptions,
  splitRows,
  type Table,
  tableDataset,
  textColumns,
} from '@clr/data';
import { fileSource, listImages, listLooseImages, temporaryStore } from '@clr/data/node';
import { unusable } from '../errors.ts';
import { readBytes } from '../input/readJson.ts';
import type { Encoding } from './encoding.ts';
import { type DataValues, listOf, oneOf } from './flags.ts';
import { refuseOther } from './refuseOther.ts';

/** An input or output of a model. */
export interface Port {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly (number | string)[] | undefined;
  /** How many different numbers it takes, from 0. */
  readonly vocabulary?: number;
}

/** What is known when data are opened. */
export interface OpenOptions {
  readonly command: string;
  readonly values: DataValues;
  /** The model's inputs; none before there is a model. */
  readonly inputs?: readonly Port[];
  /** Whether the answers are numbers of classes. Undefined: as the data say. */
  readonly classes?: boolean;
  /** How data become numbers, where that is known already. */
  readonly encoding?: Encoding;
  /** Whether the answers are needed. Default true. */
  readonly labelled?: boolean;
  /** How the rows are split: an encoding is learned from the training rows alone. */
  readonly split?: SplitOptions;
}

/** Data that a model can take. */
export interface Opened {
  readonly dataset: Dataset;
  readonly encoding?: Encoding;
  /** The number of classes, where the answers are classes. */
  readonly classes?: number;
  readonly notes: readonly string[];
}

/** Opens a folder of images, a table or arrays. */
export async function openData(path: string, options: OpenOptions): Promise<Opened> {
  const status = await stat(path).catch((cause) => {
    const advice = 'Check the path of --data.';
    throw unusable({ expected: `data at ${path}`, received: cause.code ?? String(cause), advice }, { cause });
  });
  if (options.encoding) refuseOther(options.command, options.values, options.encoding);
  if (status.isDirectory()) return openImages(path, options);
  if (/\.(csv|tsv|txt|parquet|arrow|feather)$/i.test(path)) return openTable(path, options);
  return openArrayFile(path, options);
}

async function openImages(path: string, options: OpenOptions): Promise<Opened> {
  const { command, values, inputs, labelled = true, split } = options;
  const known = options.encoding;
  if (known && known.kind !== 'images') throw otherKind(path, 'a table');
  const { classes, files } = labelled
    ? await listImages(path, known?.classes)
    : { classes: known?.classes ?? [], files: await listLooseImages(path) };
  const size = known ?? imageSize(command, values, inputs);
  const reader = new ImageReader(files, size);
  const notes: string[] = [];
  let encoding = known;
  if (!encoding) {
    const [mean, std] = [listOf(command, 'mean', values.mean), listOf(command, 'std', values.std)];
    for (const [name, list] of Object.entries({ mean, std })) {
      if (list && list.length !== size.channels) {
        throw unusable({
          expected: `--${name} with ${size.channels} numbers, one for each channel`,
          received: `${list.length}`,
          advice: 'ImageNet: --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225.',
        });
      }
    }
    const rows = split
      ? splitRows(
          files.map(({ label }) => label ?? 0),
          split,
        ).train
      : files.map((_, i) => i);
    const moments = mean && std ? { mean, std } : await channelMoments(reader, rows);
    encoding = {
      ...{ version: 1, kind: 'images', classes },
      ...{ width: size.width, height: size.height, channels: size.channels, layout: size.layout },
      ...moments,
      ...(mean && { mean }),
      ...(std && { std }),
    };
    if (!mean || !std) {
      const shown = (list: readonly number[]) => list.map((value) => value.toFixed(3)).join(', ');
      notes.push(
        `Images are normalised by their mean ${shown(encoding.mean)} and deviation ${shown(encoding.std)}.`,
      );
    }
  }
  const dataset = imagesDataset(reader, encoding);
  checkShape('images', [files.length, ...(dataset.fields['input']?.dims ?? [])], inputs?.[0]?.dims);
  return { dataset: renamed(dataset, inputs), encoding, classes: classes.length, notes };
}

type Size = Pick<ImageEncoding, 'width' | 'height' | 'channels' | 'layout'>;

/** The size of images: what the model wants, or `--size`. */
function imageSize(command: string, values: DataValues, inputs: readonly Port[] | undefined): Size {
  const asked = listOf(command, 'size', values.size);
  const dims = inputs?.[0]?.dims;
  if (dims && dims.length !== 4) {
    throw unusable({
      expected: 'a model whose input is images: [batch, channels, height, width]',
      received: `[${dims.join(', ')}]`,
      advice: 'clr new cnn makes one.',
    });
  }
  const channelsAt = (axis: number): boolean => dims?.[axis] === 1 || dims?.[axis] === 3;
  const layout = dims && !channelsAt(1) && channelsAt(3) ? 'HWC' : 'CHW';
  const at = layout === 'CHW' ? [1, 2, 3] : [3, 1, 2];
  const [channels = 3, height, width] = at.map((axis) => dims?.[axis]);
  const [h, w] = [
    typeof height === 'number' ? height : asked?.[0],
    typeof width === 'number' ? width : (asked?.[1] ?? asked?.[0]),
  ];
  if (
    h === undefined ||
    w === undefined ||
    !(h >= 1 && w >= 1 && Number.isInteger(h) && Number.isInteger(w))
  ) {
    throw unusable({
      expected: '--size with the size of the images, which the model leaves free',
      received: values.size ?? 'none',
      advice: 'Give --size 224, for example.',
    });
  }
  if (channels !== 1 && channels !== 3 && typeof channels === 'number') {
    throw unusable({
      expected: 'a model for images of 1 or 3 channels',
      received: `${channels} channels`,
      advice: 'Give such data as arrays.',
    });
  }
  return { channels: channels === 1 ? 1 : 3, height: h, width: w, layout };
}

async function openTableFile(path: string, texts: readonly string[]): Promise<Table> {
  if (/\.parquet$/i.test(path)) return openParquetTable(await fileSource(path), path);
  if (/\.(arrow|feather)$/i.test(path)) return openArrowTable(await readBytes(path), path);
  return readCsvTable(await readBytes(path), path, texts);
}

async function openTable(path: string, options: OpenOptions): Promise<Opened> {
  const { command, values, inputs, labelled = true, split } = options;
  const known = options.encoding;
  if (known && known.kind !== 'table') throw otherKind(path, 'images');
  const table = await openTableFile(path, known ? textColumns(known) : []);
  const task = oneOf(command, 'task', values.task, ['classification', 'regression']);
  const fitted = known
    ? { encoding: known, notes: [] }
    : await fitTable(table, {
        ...(values.target !== undefined && { target: values.target }),
        ...(values.drop !== undefined && { drop: values.drop.split(',') }),
        ...(task && { task }),
        ...(split && { split }),
      });
  const { encoding, notes } = fitted;
  const dataset = await tableDataset(table, encoding, { labelled, store: temporaryStore });
  const width = dataset.fields['input']?.dims[0] as number;
  const { dims, type = 'float32' } = inputs?.[0] ?? {};
  if (type !== 'float32') {
    throw unusable({
      expected: 'a model whose input is floats, as tables become',
      received: `an input of type ${type}`,
      advice: 'Give whole numbers, such as tokens, as an array.',
    });
  }
  if (dims && (dims.length !== 2 || (typeof dims[1] === 'number' && dims[1] !== width))) {
    throw unusable({
      expected: `a model whose input is [batch, ${width}], as this table becomes ${width} numbers a row`,
      received: `[${dims.join(', ')}]`,
      advice: `clr new mlp --data ${path} makes one, and writes beside it how the columns become numbers.`,
    });
  }
  const classes = encoding.target.type === 'classes' ? encoding.target.classes.length : undefined;
  return { dataset: renamed(dataset, inputs), encoding, ...(classes !== undefined && { classes }), notes };
}

const otherKind = (path: string, kind: string): Error =>
  unusable({
    expected: `data of the kind that the model was trained with: ${kind}`,
    received: path,
    advice: 'Give such data, or another --encoding.',
  });

const inputNames = /^(x|input|inputs|image|images|data|features?|x_?train|x_?test|train_?x)$/i;
const targetNames = /^(y|label|labels|target|targets|class|classes|y_?train|y_?test|train_?y)$/i;

async function openArrayFile(path: string, options: OpenOptions): Promise<Opened> {
  const { values, inputs, labelled = true } = options;
  const nameOf = (file: string): string => basename(file, extname(file));
  const arrays = await openArrays(await fileSource(path), nameOf(path));
  const others =
    values.labels === undefined
      ? []
      : await openArrays(await fileSource(values.labels), nameOf(values.labels));
  const target = labelled ? pickTarget(path, arrays, others, values.target) : undefined;
  const rest = arrays.filter((array) => array !== target);
  const ports = inputs ?? [{ name: 'input', type: 'float32', dims: undefined }];
  const notes: string[] = [];
  const fields: Record<string, ArrayField> = {};
  for (const port of ports) {
    const array =
      rest.find(({ name }) => name === port.name) ??
      (ports.length === 1
        ? rest.length === 1
          ? rest[0]
          : rest.find(({ name }) => inputNames.test(name))
        : undefined);
    if (!array) {
      throw unusable({
        expected: `an array for the model's input "${port.name}" in ${path}`,
        received: arrays.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', '),
        advice: `Save it under that name: np.savez(path, ${port.name}=…).`,
      });
    }
    checkShape(array.name, array.dims, port.dims);
    const isBytes = array.dtype === 'u1' && port.type === 'float32' && array.dims.length > 2 && !values.raw;
    if (isBytes)
      notes.push(`The bytes of "${array.name}" are divided by 255; --raw leaves them as they are.`);
    fields[port.name] = {
      array,
      type: port.type === 'int64' ? 'int64' : 'float32',
      ...(isBytes && { scale: 1 / 255 }),
      ...(port.vocabulary !== undefined && { vocabulary: port.vocabulary }),
    };
  }
  if (target)
    fields['target'] = {
      array: answers(target, options),
      type: isClasses(target, options) ? 'int64' : 'float32',
    };
  const dataset = await arraysDataset(fields);
  const classes = dataset.labels
    ? 1 + Array.from(dataset.labels).reduce((most, label) => Math.max(most, label), 0)
    : undefined;
  return { dataset, ...(classes !== undefined && { classes }), notes };
}

function pickTarget(
  path: string,
  arrays: readonly RawArray[],
  others: readonly RawArray[],
  wanted: string | undefined,
): RawArray {
  const all = [...others, ...arrays];
  const found =
    wanted !== undefined
      ? all.find(({ name }) => name === wanted)
      : others.length === 1
        ? others[0]
        : all.find(({ name }) => targetNames.test(name));
  if (found) return found;
  throw unusable({
    expected:
      wanted === undefined
        ? `an array with the answers in ${path}: y, labels or target`
        : `an array "${wanted}"`,
    received: all.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', '),
    advice: 'Name it with --target, or give another file with --labels.',
  });
}

const isFloat = ({ dtype }: RawArray): boolean => dtype.startsWith('f') || dtype.startsWith('bf');

const isClasses = (target: RawArray, { classes, values }: OpenOptions): boolean =>
  values.task === 'classification' || (values.task !== 'regression' && (classes ?? !isFloat(target)));

/** The answers as the loss wants them: classes [N], numbers as they are, at least [N, 1]. */
function answers(target: RawArray, options: OpenOptions): RawArray {
  const { dims, name } = target;
  if (!isClasses(target, options)) return dims.length === 1 ? { ...target, dims: [...dims, 1] } : target;
  if (dims.length === 2 && dims[1] === 1) return { ...target, dims: dims.slice(0, 1) };
  if (dims.length === 2 && (dims[1] as number) > 1) {
    throw unusable({
      expected: `the number of a class for each example in "${name}"`,
      received: `${dims[1]} numbers for each, as one-hot vectors have`,
      advice: `Give ${name}.argmax(1), or train numbers with --loss mse or bceWithLogits.`,
    });
  }
  return target;
}

/** The same examples, with their `input` under the name that the model has for it. */
function renamed(dataset: Dataset, inputs: readonly Port[] | undefined): Dataset {
  const name = inputs?.[0]?.name ?? 'input';
  if (name === 'input') return dataset;
  const under = <T>({ input, ...rest }: Record<string, T>): Record<string, T> => ({
    [name]: input as T,
    ...rest,
  });
  return { ...dataset, fields: under(dataset.fields), read: async (rows) => under(await dataset.read(rows)) };
}
