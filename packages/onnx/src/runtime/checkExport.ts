import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import type { FloatArray } from '../training/buckets.ts';
import type { StateTensor } from '../training/trainingModel.ts';
import type { StatePart } from './stateVectors.ts';

/** Options of `exportModel`. */
export interface ExportOptions {
  /** Whether to write weights that have become NaN or infinite. Default false: they are refused. */
  readonly nonFinite?: boolean;
  /**
   * Receives the trained weights that the model keeps in external files. It must write `bytes` to the file
   * `location`, from `offset` on. The exported model then refers to these files. Without this option, the exported
   * model holds all weights and is limited to 2 GiB.
   */
  readonly externalData?: (location: string, offset: number, bytes: Uint8Array) => void | Promise<void>;
}

/** Checks the options of an export. */
export function readExportOptions(options: ExportOptions): ExportOptions {
  if (typeof options === 'string') {
    throw fail(
      'no path, because exportModel returns bytes and does not write a file',
      show(options),
      'Write it: await writeFile(path, await trainer.exportModel()).',
    );
  }
  const { nonFinite, externalData } = checkOptionNames('clr/onnx', 'exportModel', options, [
    'nonFinite',
    'externalData',
  ]);
  if (nonFinite !== undefined && typeof nonFinite !== 'boolean') {
    throw fail('nonFinite to be true or false', `nonFinite = ${show(nonFinite)}`, 'Leave it out for false.');
  }
  if (externalData !== undefined && typeof externalData !== 'function') {
    throw fail(
      'externalData to be a function of a file, an offset and bytes',
      `externalData = ${show(externalData)}`,
      'Leave it out for a model that holds all weights.',
    );
  }
  return options;
}

/** Copies of the parameters and running statistics that are not finite before training, by name. */
export function notFiniteYet(state: readonly StateTensor[]): Map<string, FloatArray> {
  const found = new Map<string, FloatArray>();
  for (const { role, initial, parts } of state) {
    if (role !== 'parameters' && role !== 'buffers') continue;
    for (const { name, dims, offset } of parts) {
      const data = initial.subarray(offset, offset + dims.reduce((size, dim) => size * dim, 1));
      if (!data.every(Number.isFinite)) found.set(name, data.slice());
    }
  }
  return found;
}

/**
 * Refuses to write weights that training has made NaN or infinite.
 *
 * @param initial - see {@link notFiniteYet}; values that were not finite before training are allowed
 */
export function checkExport(parts: readonly StatePart[], initial: ReadonlyMap<string, FloatArray>): void {
  const spoiled = parts.flatMap(({ name, data }) => {
    const was = initial.get(name);
    const at = data.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(was?.[i] ?? 0));
    return at < 0 ? [] : [`"${name}"[${at}] = ${data[at]}`];
  });
  if (spoiled.length === 0) return;
  throw fail(
    'finite weights, but training has made some NaN or infinite, as happens when it diverges',
    `${spoiled.slice(0, 3).join(', ')}${spoiled.length > 3 ? `, … in ${spoiled.length} of ${parts.length} tensors` : ''}`,
    'Restore an earlier snapshot, or make a new trainer. To inspect the weights, pass { nonFinite: true }.',
  );
}
