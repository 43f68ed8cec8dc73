import type { ConstantTargets } from '@clr/core';
import { arrayKind, isBytes } from '../device/arrayKind.ts';
import { badArgument } from '../errors.ts';
import { type Network, volume } from './network.ts';
import type { Batch } from './trainer.ts';

/** The number of examples in a batch. */
export function exampleCount({ input: shape }: Network, { input }: Batch): number {
  return input.length / volume(shape);
}

/** Refuses inputs that are neither floats nor bytes. Others would be uploaded as they are, and read as these. */
export function checkInput(input: unknown): void {
  if (isBytes(input) || arrayKind(input) === 'Float32Array') return;
  throw badArgument(
    'input to be a Float32Array, or a Uint8Array of bytes that mean value / 255',
    typeof input === 'string' ? 'a text' : arrayKind(input),
    'Convert it: Float32Array.from(values), or new Uint8Array(values) for bytes of 0 to 255.',
  );
}

/** Refuses examples that do not fit a network. Returns their number. */
export function checkExamples(network: Network, batch: Batch): number {
  if (batch?.input?.length === undefined || batch.target?.length === undefined) {
    const received = batch ? `fields ${Object.keys(batch).join(', ') || '(none)'}` : String(batch);
    throw badArgument('a batch { input, target } of arrays', received, 'Pass both arrays.');
  }
  checkInput(batch.input);
  const count = exampleCount(network, batch);
  const classes = volume(network.output);
  const perTarget = network.loss === 'crossEntropy' ? 1 : classes;
  if (!Number.isInteger(count) || count < 1 || batch.target.length !== count * perTarget) {
    throw badArgument(
      `examples of ${volume(network.input)} numbers with ${perTarget} target${perTarget > 1 ? 's' : ''} each`,
      `${batch.input.length} numbers, ${batch.target.length} targets`,
      'Pass whole examples, one after another.',
    );
  }
  if (network.loss === 'crossEntropy') {
    for (let index = 0; index < batch.target.length; index++) {
      const label = batch.target[index] as number;
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw badArgument(
          `targets to be class indices below ${classes}`,
          `target[${index}] = ${String(label)}`,
          'Number the classes from 0.',
        );
      }
    }
  }
  return count;
}

/** Converts targets to the form that core's `constantAnswer` takes. */
export function constantTargets(network: Network, batch: Batch): ConstantTargets {
  checkExamples(network, batch);
  const { loss, output } = network;
  if (loss === 'crossEntropy') return { loss, classes: batch.target };
  return { loss, values: batch.target, width: volume(output) };
}

/** Converts targets to the type that the loss kernel reads. */
export function targetArray(
  { loss }: Network,
  target: ArrayLike<number>,
): Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  return loss === 'crossEntropy' ? Uint32Array.from(target) : Float32Array.from(target);
}

/**
 * The bytes of an array, padded to a multiple of four, which WebGPU's writes need. Bytes in shared memory are copied,
 * because not every implementation of WebGPU reads it.
 */
export function padded(data: Float32Array | Uint8Array | Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (bytes.byteLength % 4 === 0) return isShared(data.buffer) ? bytes.slice() : bytes;
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  whole.set(bytes);
  return whole;
}

const isShared = (buffer: ArrayBufferLike): boolean => arrayKind(buffer) === 'SharedArrayBuffer';
