import { type Checkpoint, checkCheckpoint } from '../checkpoint.ts';
import { damaged, fail, inWords } from '../errors.ts';
import { isSealed } from './checksum.ts';
import { dtypeOf } from './dtypes.ts';
import { format } from './encodeCheckpoint.ts';
import { decodeFirstFormat, isFirstFormat } from './firstFormat.ts';
import { checkJson } from './json.ts';
import { unpack } from './safetensors.ts';
import { fromTree } from './tree.ts';

/**
 * Reads a checkpoint from bytes. Checks everything before it returns anything: the checksum, lengths, types, offsets,
 * and that each tensor is used exactly once. It also reads files of the first format, which `@clr/onnx` wrote.
 *
 * @throws {ClrError} if the bytes are not a complete checkpoint
 *
 * @example
 * ```ts
 * const bytes = await encodeCheckpoint({ step: 7, snapshot: { weights: Float32Array.of(1, 2) } });
 * bytes[bytes.length - 1] ^= 1; // one bit of a weight
 * const error = await decodeCheckpoint(bytes).catch((reason) => reason);
 * error.message.split('\n')[1]; // 'Received: bytes that do not match their checksum'
 * ```
 */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  if (dtypeOf(bytes) !== 'U8') {
    throw fail(
      'the bytes of a checkpoint as a Uint8Array',
      inWords(bytes),
      'Pass the result of encodeCheckpoint.',
    );
  }
  if (isFirstFormat(bytes)) return decodeFirstFormat(bytes);
  const { arrays, metadata } = unpack(bytes);
  if (metadata.format !== format) throw damaged('a safetensors file that is not a checkpoint');
  if (!(await isSealed(bytes))) throw damaged('bytes that do not match their checksum');
  const { step, extra, ...trees } = parse(metadata.checkpoint ?? '');
  checkJson(extra, damaged);
  // The name of a tensor begins with its number in the tree.
  const numbered = [...arrays].map(([name, array]) => ({ index: Number.parseInt(name, 10), array }));
  numbered.sort((a, b) => a.index - b.index);
  if (numbered.some(({ index }, i) => index !== i)) throw damaged('tensors that are not numbered in order');
  const tensors = numbered.map(({ array }) => array);
  // A snapshot without further parts is a tree of its own.
  const state = (
    Object.keys(trees).length > 1 ? fromTree(trees, tensors) : { snapshot: fromTree(trees.snapshot, tensors) }
  ) as Omit<Checkpoint, 'step' | 'extra'>;
  const checkpoint = { step: step as number, ...state, ...(extra === undefined ? {} : { extra }) };
  try {
    checkCheckpoint(checkpoint);
  } catch (cause) {
    throw damaged(`step = ${inWords(step)}, snapshot = ${typeof state.snapshot} (${String(cause)})`);
  }
  return checkpoint;
}

function parse(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // reported below
  }
  throw damaged('metadata without a checkpoint');
}
