import type { Metrics, Prediction } from '@clr/core';
import { type Network, volume } from './network.ts';
import type { Batch } from './trainer.ts';

// The smallest float32 above 0. It stands in for a probability of 0, whose logarithm would be −∞.
const least = 2 ** -149;

/** Converts a network's raw outputs to what core's ensembles need: probabilities if the network classifies. */
export function predictionOf(
  { loss, output }: Network,
  { target }: Pick<Batch, 'target'>,
  raw: Float32Array,
): Prediction {
  const width = volume(output);
  const kept = Float32Array.from(target);
  const rows = (values: Float32Array): Float32Array[] =>
    Array.from({ length: values.length / width }, (_, row) =>
      values.subarray(row * width, (row + 1) * width),
    );
  if (loss === 'crossEntropy') for (const row of rows(raw)) softmax(row);
  return {
    outputs: raw,
    examples: raw.length / width,
    score: (outputs) =>
      loss === 'crossEntropy' ? scoreClasses(rows(outputs), kept) : scoreValues(outputs, kept),
  };
}

/** Replaces a row of outputs by its softmax. */
function softmax(row: Float32Array): void {
  const highest = Math.max(...row);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - highest);
  row.set(row.map((value) => Math.exp(value - highest) / sum));
}

function scoreClasses(rows: readonly Float32Array[], target: Float32Array): Metrics {
  let [loss, right] = [0, 0];
  rows.forEach((row, example) => {
    const wanted = target[example] as number;
    loss -= Math.log(Math.max(row[wanted] as number, least));
    if (row.indexOf(Math.max(...row)) === wanted) right++;
  });
  return { loss: loss / rows.length, accuracy: right / rows.length };
}

function scoreValues(outputs: Float32Array, target: Float32Array): Metrics {
  const sum = outputs.reduce((total, value, index) => total + (value - (target[index] as number)) ** 2, 0);
  return { loss: sum / outputs.length };
}
