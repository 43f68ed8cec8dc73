import { readFile } from 'node:fs/promises';
import { constantAnswer, type Metrics, type Optimizer, type Trainable } from '@clr/core';
import { batchesOfRows, checkValues, type Dataset, splitRows, type Values } from '@clr/data';
import type { Batch, Loss, OnnxTrainer } from '@clr/onnx';
import { UsageError, unusable } from '../errors.ts';
import type { Encoding } from './encoding.ts';
import { readEncoding } from './encodingFile.ts';
import { numberOf, optimizerOf, type TrainingValues, wholeOf } from './flags.ts';
import { loadRuntime, type Runtime } from './loadRuntime.ts';
import { type Opened, openData } from './openData.ts';
import { classesOf, groupsOf, lossOf, type Prepared, prepareModel } from './prepareModel.ts';
import { steadyLosses } from './steadyLosses.ts';

/** Everything that a training needs: model, data and trainer. */
export interface SetUp extends Runtime {
  readonly trainer: OnnxTrainer;
  /**
   * The same model with less noisy losses, for a second range test if the first one gives no suggestion. Only given for
   * tables with few rows.
   */
  readonly steady?: Trainable<Batch>;
  readonly prepared: Prepared;
  readonly loss: Loss;
  readonly encoding?: Encoding;
  readonly seed: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Makes the training batches. The first `skip` batches are left out and not read. */
  readonly batches: (skip?: number) => AsyncIterable<Batch>;
  readonly validation: AsyncIterable<Batch>;
  /** The metrics of the best constant answer to the validation data, if they are known. */
  readonly constantAnswer: () => Promise<Metrics | undefined>;
  readonly notes: readonly string[];
  readonly counts: { readonly train: number; readonly validation: number };
}

/** The maximum numbers of examples, and of values in them, that are checked before the training starts. */
const checked = { examples: 2048, values: 2 ** 18 };

/** Tables with more training rows get no second range test, because each of its steps would evaluate all rows. */
const fewRows = 1024;

/** Settings that a command may override. */
interface Settled {
  readonly optimizer?: Optimizer;
  /** The number of threads. Default: the runtime's choice. */
  readonly threads?: number;
}

/** Reads a model and data, checks that they fit, and makes the trainer. */
export async function setUp(
  command: string,
  path: string,
  values: TrainingValues,
  { optimizer = optimizerOf(command, values), threads }: Settled = {},
): Promise<SetUp> {
  if (values.data === undefined) throw new UsageError('--data with a folder or a file', 'no --data', command);
  const seed = wholeOf(command, 'seed', values.seed, 0) ?? 0;
  const share = numberOf(command, 'split', values.split, (n) => n > 0 && n < 1, 'a share in (0, 1)') ?? 0.2;
  const size = wholeOf(command, 'batch', values.batch) ?? 32;
  if (values.steps !== undefined && values.epochs !== undefined)
    throw new UsageError('--steps or --epochs', 'both', command);
  const wanted = [
    wholeOf(command, 'steps', values.steps),
    wholeOf(command, 'epochs', values.epochs),
  ] as const;
  const runtime = await loadRuntime();
  const { onnx, ort } = runtime;
  const bytes = await readModel(path);
  const { inputs, outputs: answers } = onnx.describeModel(bytes);
  const known = await readEncoding(path, values.encoding);
  const split = { share, seed };
  const isClasses = values.loss === undefined ? undefined : values.loss === 'crossEntropy';
  const open = { command, values, inputs, ...(isClasses !== undefined && { classes: isClasses }) };
  const opened = await openData(values.data, {
    ...open,
    ...(known && { encoding: known }),
    ...(values.validation === undefined && { split }),
  });
  const { dataset, encoding, classes } = opened;
  const { rows, other, notes } = await apart(values, dataset, split, (from) =>
    openData(from, { ...open, classes: dataset.labels !== undefined, ...(encoding && { encoding }) }),
  );
  const loss = lossOf(command, values, dataset.labels && pick(dataset.labels, rows));
  const sample = await firstRows(dataset, rows);
  const ignores = typeof loss === 'object' && 'ignoreIndex' in loss;
  const outputs = classesOf(answers[0]?.dims);
  const fixed = outputs !== undefined && !ignores && values.head === undefined;
  const wantedClasses = fixed ? { classes: outputs } : {};
  const advice = checkValues(sample, wantedClasses);
  checkValues(await firstRows(other.dataset, other.rows), wantedClasses);
  // The samples may lack some classes. Without --validation, both datasets are the same.
  for (const { labels } of new Set([dataset, other.dataset]))
    if (labels) checkValues({ target: asTarget(labels) }, wantedClasses);
  const prepared = prepareModel(onnx, bytes, command, values, { classes, outputs });
  const groups = groupsOf(onnx, prepared.model, command, values['lr-scale']);
  const make = (part: Readonly<Record<string, Values>>): Batch =>
    Object.fromEntries(
      Object.entries(part).map(([name, { type, data, dims }]) => [
        name,
        new ort.Tensor(type, data as Float32Array, dims),
      ]),
    );
  const batchSize = Math.min(size, rows.length);
  const stepsPerEpoch = Math.ceil(rows.length / batchSize);
  const trainer = await onnx.createTrainer(ort, prepared.model, {
    loss,
    optimizer,
    ...(prepared.trainable && { trainable: prepared.trainable }),
    ...(groups && { groups }),
    deterministic: values.fast !== true,
    session: {
      executionProviders: ['cpu'],
      logSeverityLevel: 3,
      ...(threads !== undefined && { intraOpNumThreads: threads }),
    },
  });
  const inOrder = { size: Math.max(batchSize, 64), make };
  const validation = batchesOfRows(other.dataset, { rows: other.rows, ...inOrder });
  const few = encoding?.kind === 'table' && rows.length <= fewRows;
  return {
    ...runtime,
    ...(few && { steady: steadyLosses(trainer, batchesOfRows(dataset, { rows, ...inOrder })) }),
    ...{ trainer, prepared, loss, seed, batchSize, stepsPerEpoch },
    ...(encoding && { encoding }),
    steps: wanted[0] ?? (wanted[1] ?? 10) * stepsPerEpoch,
    batches: (skip = 0) => batchesOfRows(dataset, { rows, size: batchSize, seed, skip, make }),
    validation,
    async constantAnswer() {
      const { labels } = other.dataset;
      if (loss !== 'crossEntropy' || !labels) return trainer.constantAnswer?.(validation);
      // Do not read the inputs again, because the labels suffice.
      return constantAnswer([pick(labels, other.rows)], (classes) => ({ loss, classes }));
    },
    notes: [...opened.notes, ...notes, ...advice],
    counts: { train: rows.length, validation: other.rows.length },
  };
}

/** The bytes of a model's file. */
export async function readModel(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    const received = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : code;
    throw unusable({ expected: `an ONNX model ${path}`, received, advice: 'clr new makes one.' }, { cause });
  }
}

/** Reads the examples that are checked before the training starts. */
function firstRows(dataset: Dataset, rows: Uint32Array): Promise<Readonly<Record<string, Values>>> {
  const size = Object.values(dataset.fields).reduce(
    (sum, { dims }) => sum + dims.reduce((all, dim) => all * dim, 1),
    0,
  );
  return dataset.read(rows.subarray(0, Math.min(checked.examples, Math.ceil(checked.values / size))));
}

/** Labels as a field of examples. */
const asTarget = (labels: ArrayLike<number>): Values => ({
  type: 'int64',
  dims: [labels.length],
  data: BigInt64Array.from(labels, BigInt),
});

const pick = (labels: ArrayLike<number>, rows: Uint32Array): number[] =>
  Array.from(rows, (row) => labels[row] as number);

const allRows = ({ count }: Dataset): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

/** The training rows, and the validation rows with their dataset. */
async function apart(
  values: TrainingValues,
  dataset: Dataset,
  split: { readonly share: number; readonly seed: number },
  open: (path: string) => Promise<Opened>,
): Promise<{ rows: Uint32Array; other: { dataset: Dataset; rows: Uint32Array }; notes: readonly string[] }> {
  if (values.validation !== undefined) {
    const other = await open(values.validation);
    return {
      rows: allRows(dataset),
      other: { dataset: other.dataset, rows: allRows(other.dataset) },
      notes: other.notes.map((note) => `Validation: ${note}`),
    };
  }
  const { train, validation } = splitRows(dataset.labels ?? dataset.count, split);
  return { rows: train, other: { dataset, rows: validation }, notes: [] };
}

/** The losses from which an error in the table's units follows, with its name and how it follows. */
const errors: Readonly<Record<string, readonly [name: string, from: (loss: number) => number]>> = {
  mse: ['error', Math.sqrt],
  l1: ['mean absolute error', (loss) => loss],
};

/** Metrics as text. */
export function metricsText(
  { loss, accuracy }: { readonly loss?: number | null; readonly accuracy?: number | null },
  { encoding, loss: kind }: Pick<SetUp, 'encoding' | 'loss'>,
): string {
  const target = encoding?.kind === 'table' ? encoding.target : undefined;
  const [name, from] = (typeof kind === 'string' && errors[kind]) || [];
  const error =
    target?.type === 'number' && from && typeof loss === 'number'
      ? `, ${name} ${(from(loss) * target.std).toPrecision(4)} in units of "${target.name}"`
      : '';
  const share = typeof accuracy === 'number' ? `, accuracy ${(100 * accuracy).toFixed(2)} %` : '';
  return `loss ${typeof loss === 'number' ? loss.toPrecision(4) : 'not finite'}${share}${error}`;
}
