import { type Checkpoint, checkCheckpoint } from '../checkpoint.ts';
import { fail } from '../errors.ts';
import { limits } from '../limits.ts';
import { placeholder, seal } from './checksum.ts';
import { checkJson } from './json.ts';
import { pack } from './safetensors.ts';
import { toTree } from './tree.ts';

/** The format's name in the metadata. */
export const format = 'clr.checkpoint.2';

/**
 * Writes a checkpoint as a safetensors file. Every typed array of the snapshot becomes a tensor named by its path. The
 * rest becomes JSON in the metadata, together with the SHA-256 of the file. Python's `safetensors` can read the
 * tensors. If there is an average or a state of `autoClr`, the paths begin with `snapshot.`, `average.` or `autoClr.`.
 *
 * The snapshot is copied before this function returns its promise, so it may change afterwards.
 *
 * @returns the bytes, which {@link decodeCheckpoint} reads
 * @throws {ClrError} if the step or the snapshot is invalid, or if a file cannot hold the snapshot, for example because
 * it went through JSON
 * @see https://github.com/huggingface/safetensors#format
 *
 * @example
 * ```ts
 * const snapshot = { version: 1, weights: Float32Array.of(1, NaN) };
 * const bytes = await encodeCheckpoint({ step: 7, snapshot });
 * const { weights } = (await decodeCheckpoint(bytes)).snapshot;
 * [...weights]; // [1, NaN]
 * ```
 */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  checkCheckpoint(checkpoint);
  const { step, snapshot, average, autoClr, extra } = checkpoint;
  const more = average !== undefined || autoClr !== undefined;
  checkJson(extra);
  const { tree, leaves } = toTree(more ? { snapshot, average, autoClr } : snapshot);
  if (leaves.length === 0) {
    throw fail(
      'a snapshot with typed arrays',
      'a snapshot without any',
      'Pass the result of snapshot() of the adapter.',
    );
  }
  const trees = more ? (tree as object) : { snapshot: tree };
  const json = JSON.stringify({ step, ...trees, ...(extra === undefined ? {} : { extra }) });
  if (json.length > limits.header / 2) {
    throw fail(
      `a snapshot and extra of at most ${limits.header / 2} characters as JSON, not counting typed arrays`,
      `${json.length}`,
      'Keep large data in typed arrays of the snapshot, or beside the checkpoint.',
    );
  }
  const file = pack(
    leaves.map(({ path, array }, index) => ({ name: `${index}:${path}`, array })),
    { sha256: placeholder, format, checkpoint: json },
  );
  await seal(file);
  return file;
}
