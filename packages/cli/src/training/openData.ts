import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import {
  channelMoments,
  checkShape,
  type Dataset,
  fitTable,
  type ImageEncoding,
  ImageReader,
  imagesDataset,
  inputNamed,
  type ModelInput,
  matchArrays,
  openArrays,
  openArrowTable,
  openParquetTable,
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

/** What `openData` needs to know besides the path. */
export interface OpenOptions {
  readonly command: string;
  readonly values: DataValues;
  /** The model's inputs. Absent if there is no model yet. */
  readonly inputs?: readonly ModelInput[];
  /** True if the targets are class indices. If undefined, the data decide. */
  readonly classes?: boolean;
  /** The encoding, if it is already known. */
  readonly encoding?: Encoding;
  /** False if the targets are not needed. Default true. */
  readonly labelled?: boolean;
  /** The split of the rows. An encoding is computed from the training rows alone. */
  readonly split?: SplitOptions;
}

/** Data in the format of a model's inputs. */
export interface Opened {
  readonly dataset: Dataset;
  readonly encoding?: Encoding;
  /** The number of classes, if the targets are classes. */
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
  return {
    dataset: inputNamed(dataset, inputs?.[0]?.name ?? 'input'),
    encoding,
    classes: classes.length,
    notes,
  };
}

type Size = Pick<ImageEncoding, 'width' | 'height' | 'channels' | 'layout'>;

/** The size, channels and layout of images, as the model's input has them. `--size` gives a size that is not fixed. */
function imageSize(command: string, values: DataValues, inputs: readonly ModelInput[] | undefined): Size {
  const asked = listOf(command, 'size', values.size);
  const dims = inputs?.[0]?.dims;
  if (dims && dims.length !== 4) {
    throw unusable({
      expected: 'a model whose input is images: [batch, channels, height, width]',
      received: `[${dims.join(', ')}]`,
      advice: 'clr new cnn makes such a model.',
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
      expected: '--size with the size of the images, which the model does not fix',
      received: values.size ?? 'none',
      advice: 'Give --size 224, for example.',
    });
  }
  if (channels !== 1 && channels !== 3 && typeof channels === 'number') {
    throw unusable({
      expected: 'a model for images of 1 or 3 channels',
      received: `${channels} channels`,
      advice: 'Give images with other channels as arrays.',
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
      expected: 'a model whose input is floats, because a table is encoded as floats',
      received: `an input of type ${type}`,
      advice: 'Give whole numbers, such as tokens, as an array.',
    });
  }
  if (dims && (dims.length !== 2 || (typeof dims[1] === 'number' && dims[1] !== width))) {
    throw unusable({
      expected: `a model whose input is [batch, ${width}], because each row of this table becomes ${width} numbers`,
      received: `[${dims.join(', ')}]`,
      advice: `clr new mlp --data ${path} makes one, and writes the encoding of the columns beside it.`,
    });
  }
  const classes = encoding.target.type === 'classes' ? encoding.target.classes.length : undefined;
  return {
    dataset: inputNamed(dataset, inputs?.[0]?.name ?? 'input'),
    encoding,
    ...(classes !== undefined && { classes }),
    notes: [...notes, ...dataset.notes],
  };
}

const otherKind = (path: string, kind: string): Error =>
  unusable({
    expected: `data of the kind that the model was trained with: ${kind}`,
    received: path,
    advice: 'Give data of that kind, or another --encoding.',
  });

async function openArrayFile(path: string, options: OpenOptions): Promise<Opened> {
  const { command, values, inputs, labelled = true } = options;
  const { labels, target } = values;
  const task = oneOf(command, 'task', values.task, ['classification', 'regression']);
  const nameOf = (file: string): string => basename(file, extname(file));
  const open = async (file: string) => openArrays(await fileSource(file), nameOf(file));
  const classes = task === undefined ? options.classes : task === 'classification';
  const { dataset, divided } = await matchArrays(await open(path), {
    ...{ file: path, labelled, raw: values.raw === true },
    ...(inputs && { inputs }),
    ...(labels !== undefined && { labels: await open(labels) }),
    ...(target !== undefined && { target }),
    ...(classes !== undefined && { classes }),
    advice: 'Name it with --target, or give another file with --labels.',
  });
  const count = dataset.labels
    ? 1 + Array.from(dataset.labels).reduce((most, label) => Math.max(most, label), 0)
    : undefined;
  const notes = divided.map(
    (name) => `The bytes of "${name}" are divided by 255; --raw leaves them as they are.`,
  );
  return { dataset, ...(count !== undefined && { classes: count }), notes };
}
