import type { ByteSource } from '../byteSource.ts';
import { fail } from '../errors.ts';
import type { RawArray } from './rawArray.ts';
import { readIdx } from './readIdx.ts';
import { readNpy } from './readNpy.ts';
import { readNpz } from './readNpz.ts';
import { readSafetensors } from './readSafetensors.ts';

/**
 * Opens the arrays of a .npz, .npy, .safetensors or IDX file, recognised by its content. Elements stay in the file
 * until they are needed.
 *
 * @param name - the file's name, which also names the array of a .npy or IDX file
 * @throws {ClrError} on other files and damaged ones
 *
 * @example
 * ```ts
 * const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 7);
 * const [array] = await openArrays(bytesSource(idx), 'labels');
 * array.dims; // [2]
 * ```
 */
export async function openArrays(source: ByteSource, name: string): Promise<RawArray[]> {
  const start = await source.read(0, Math.min(16, source.size));
  if (start[0] === 0x50 && start[1] === 0x4b) return readNpz(source);
  if (start[0] === 0x93) return [await readNpy(source, name)];
  if (start[0] === 0 && start[1] === 0) return [await readIdx(source, name)];
  if (start[8] === 0x7b) return readSafetensors(source);
  throw fail(
    `arrays in ${name}: .npz, .npy, .safetensors or IDX`,
    source.size === 0 ? 'an empty file' : 'a file of another format',
    'Save the arrays with np.savez(path, x=…, y=…).',
  );
}
