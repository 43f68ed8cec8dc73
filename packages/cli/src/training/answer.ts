import { batchesOfRows, type Values } from '@clr/data';
import { UsageError, unusable } from '../errors.ts';
import type { Encoding } from './encoding.ts';
import { readEncoding } from './encodingFile.ts';
import type { DataValues } from './flags.ts';
import { loadRuntime } from './loadRuntime.ts';
import { openData } from './openData.ts';
import { readModel } from './setUp.ts';

/** The outputs of a model for some data. */
export interface Answered {
  /** The number of outputs for one example. */
  readonly width: number;
  /** The outputs for all examples, one after another. */
  readonly outputs: Float32Array;
  readonly count: number;
  /** The targets, if they are known: classes, or one number for each output. */
  readonly classes?: readonly number[];
  readonly numbers?: Float32Array;
  readonly encoding?: Encoding;
  readonly notes: readonly string[];
}

/** Runs a model on all of the data, in order. */
export async function answer(
  command: string,
  path: string,
  values: DataValues,
  size: number,
  labelled: boolean,
): Promise<Answered> {
  if (values.data === undefined) throw new UsageError('--data with a folder or a file', 'no --data', command);
  const { onnx, ort } = await loadRuntime();
  const bytes = await readModel(path);
  const { inputs } = onnx.describeModel(bytes);
  const known = await readEncoding(path, values.encoding);
  const opened = await openData(values.data, {
    command,
    values,
    inputs,
    labelled,
    ...(known && { encoding: known }),
  });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const name = session.outputNames[0] as string;
  const parts: Float32Array[] = [];
  const classes: number[] = [];
  const numbers: number[] = [];
  let width = 0;
  const make = (part: Readonly<Record<string, Values>>) => part;
  for await (const { target, ...rest } of batchesOfRows(opened.dataset, { size, make })) {
    const feeds = Object.fromEntries(
      Object.entries(rest).map(([key, { type, data, dims }]) => [
        key,
        new ort.Tensor(type, data as Float32Array, dims),
      ]),
    );
    const { [name]: output } = await session.run(feeds).catch((cause: Error) => {
      const advice = 'Check that the data fit the model: clr inspect lists its inputs.';
      throw unusable(
        { expected: `data that ${path} can process`, received: cause.message, advice },
        { cause },
      );
    });
    if (!(output?.data instanceof Float32Array)) {
      throw unusable({
        expected: `floats in the output "${name}"`,
        received: output?.type ?? 'none',
        advice: 'Give a model whose first output is its prediction.',
      });
    }
    const rows = Object.values(rest)[0]?.dims[0] ?? 1;
    width = output.data.length / rows;
    parts.push(output.data.slice());
    if (target?.type === 'int64') for (const label of target.data) classes.push(Number(label));
    else if (target) for (const value of target.data) numbers.push(Number(value));
  }
  const outputs = new Float32Array(opened.dataset.count * width);
  let at = 0;
  for (const part of parts) {
    outputs.set(part, at);
    at += part.length;
  }
  refuseOverflow(outputs, width);
  return {
    ...{ width, outputs, count: opened.dataset.count, notes: opened.notes },
    ...(classes.length > 0 && { classes }),
    ...(numbers.length > 0 && { numbers: Float32Array.from(numbers) }),
    ...(opened.encoding && { encoding: opened.encoding }),
  };
}

/** Refuses outputs that are not finite. A prediction from them would be an invention. */
function refuseOverflow(outputs: Float32Array, width: number): void {
  const at = outputs.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw unusable({
    expected: 'finite outputs of the model',
    received: `${outputs[at]} for example ${Math.floor(at / width) + 1}`,
    advice: 'Look in this example for very large numbers. If it has none, the model holds NaN.',
  });
}

/** The outputs for each example. */
export const rowsOf = ({ outputs, width, count }: Answered): Float32Array[] =>
  Array.from({ length: count }, (_, row) => outputs.subarray(row * width, (row + 1) * width));

/**
 * The class probabilities of each example: the outputs if they are probabilities, else their softmax. All examples
 * decide together, because the outputs for a single one may add up to 1 by chance.
 */
export function probabilitiesOf(answered: Answered): Float32Array[] {
  const rows = rowsOf(answered);
  return rows.every(areProbabilities) ? rows : rows.map(softmax);
}

function areProbabilities(row: Float32Array): boolean {
  const sum = row.reduce((all, value) => all + value, 0);
  return row.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
}

function softmax(row: Float32Array): Float32Array {
  const most = row.reduce((high, value) => Math.max(high, value), -Infinity);
  const powers = row.map((value) => Math.exp(value - most));
  const all = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / all);
}

/** The index of the largest number. */
export const largest = (row: Float32Array): number =>
  row.reduce((best, value, i) => (value > (row[best] as number) ? i : best), 0);
