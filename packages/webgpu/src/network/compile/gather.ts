import type { Dispatch } from '../../device/pipelines.ts';
import { type Loss, type Shape, volume } from '../network.ts';
import { elementwise } from './op.ts';
import { hashFunction, shuffleFunction } from './random.ts';
import { placeFunction, splitPosition, type Tensor } from './tensor.ts';

/** Examples in device memory. */
export interface Examples {
  /** `f32`, or bytes packed four to a word. */
  readonly input: GPUBuffer;
  readonly bytes: boolean;
  readonly target: GPUBuffer;
  readonly count: number;
}

/** The buffers that {@link gatherDispatch} fills. */
export interface BatchBuffers {
  readonly input: Tensor;
  readonly target: GPUBuffer;
  /** The optimizer's counters: byte 0 is the step. */
  readonly state: GPUBuffer;
}

/**
 * Copies a batch into the input and target buffers. Step `s` takes `batch` examples from place `s·batch` of an endless
 * list, which repeats all examples in a new random order for each epoch. The step is read on the device. If `seed` is
 * undefined, every step copies the first `batch` examples.
 */
export function gatherDispatch(
  device: GPUDevice,
  { loss, output, batch, seed }: { loss: Loss; output: Shape; batch: number; seed: number | undefined },
  { input, target, state }: BatchBuffers,
  examples: Examples,
): Dispatch {
  const numbers = volume(input.shape);
  const perTarget = loss === 'crossEntropy' ? 1 : volume(output);
  const type = loss === 'crossEntropy' ? 'u32' : 'f32';
  const from =
    seed === undefined
      ? 'fn example(row: u32) -> u32 { return row; }'
      : `${hashFunction}
${shuffleFunction(examples.count, seed)}
fn example(row: u32) -> u32 {
  // step · batch + row could overflow 32 bits. So every count steps, which are exactly batch epochs, are split off
  // first.
  let place = state[0] % ${examples.count}u * ${batch}u + row;
  let epoch = state[0] / ${examples.count}u * ${batch}u + place / ${examples.count}u;
  return shuffled(place % ${examples.count}u, epoch);
}`;
  const declarations = `@group(0) @binding(0) var<storage, read> source: array<${examples.bytes ? 'u32' : 'f32'}>;
@group(0) @binding(1) var<storage, read> sourceTarget: array<${type}>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@group(0) @binding(3) var<storage, read_write> wanted: array<${type}>;
${seed === undefined ? '' : '@group(0) @binding(4) var<storage, read> state: array<u32>;'}
${placeFunction('resultAt', input.shape, input.halo)}
${from}`;
  const read = examples.bytes
    ? `f32((source[place / 4u] >> (place % 4u * 8u)) & 255u) / 255.0`
    : 'source[place]';
  // A thread copies several numbers of one example, so that it seldom computes which example to read.
  const perRow = Math.ceil(numbers / 16);
  return elementwise(
    device,
    'clr batch',
    batch * perRow,
    declarations,
    `let b = index / ${perRow}u;
  let chosen = example(b);
  for (var inside = index % ${perRow}u; inside < ${numbers}u; inside += ${perRow}u) {
    let place = chosen * ${numbers}u + inside;
    ${splitPosition('inside', input.shape)}
    result[resultAt(b, y, x, c)] = ${read};
  }
  for (var k = index % ${perRow}u; k < ${perTarget}u; k += ${perRow}u) {
    wanted[b * ${perTarget}u + k] = sourceTarget[chosen * ${perTarget}u + k];
  }`,
    [examples.input, examples.target, input.value, target, ...(seed === undefined ? [] : [state])],
  );
}
