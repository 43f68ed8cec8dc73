import { createHash } from 'node:crypto';
import { fail } from '../errors.ts';
import type { OnnxSnapshot } from '../runtime/onnxTrainer.ts';
import type { FloatArray } from '../training/buckets.ts';

/** What a checkpoint file holds. */
export interface Checkpoint {
  /** The step the run goes on with: `from` of core's `train`. */
  readonly step: number;
  /** What `trainer.snapshot()` gave. */
  readonly snapshot: OnnxSnapshot;
  /** Anything else the run needs, as JSON: its policy, the seed of its batches. */
  readonly extra?: unknown;
}

interface Header {
  readonly step: number;
  readonly updates: number;
  readonly extra?: unknown;
  readonly vectors: readonly { readonly name: string; readonly type: string; readonly length: number }[];
}

// The file: eight letters, the header's length (uint32), the header (JSON), the vectors' bytes one after the
// other (little-endian), and the SHA-256 of all that.
const magic = new TextEncoder().encode('clrONNX1');
const start = magic.length + 4;
const sumLength = 32;

const widths: Readonly<Record<string, number>> = { float32: 4, float64: 8 };

const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const sumOf = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** A checkpoint as the parts of its file, in order; the vectors are not copied. */
export function encodeCheckpoint({ step, snapshot, extra }: Checkpoint): Uint8Array[] {
  const vectors = Object.entries(snapshot.state);
  const header: Header = {
    step,
    updates: snapshot.step,
    ...(extra === undefined ? {} : { extra }),
    vectors: vectors.map(([name, data]) => ({
      name,
      type: data instanceof Float64Array ? 'float64' : 'float32',
      length: data.length,
    })),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(start);
  head.set(magic);
  new DataView(head.buffer).setUint32(magic.length, json.length, true);
  const parts = [head, json, ...vectors.map(([, data]) => bytesOf(data))];
  return [...parts, sumOf(parts)];
}

/**
 * A checkpoint out of its file's bytes.
 *
 * @throws {ClrError} on anything but a whole checkpoint
 */
export function decodeCheckpoint(bytes: Uint8Array, path: string): Checkpoint {
  const damaged = (why: string): Error =>
    fail(`a whole checkpoint in ${JSON.stringify(path)}`, why, 'Resume from another checkpoint.');
  if (bytes.length < start + sumLength || magic.some((letter, i) => bytes[i] !== letter)) {
    throw damaged(`${bytes.length} bytes that do not begin as one`);
  }
  const end = bytes.length - sumLength;
  const sum = sumOf([bytes.subarray(0, end)]);
  if (sum.some((byte, i) => bytes[end + i] !== byte)) throw damaged('bytes that do not match their checksum');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = start + view.getUint32(magic.length, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(start, body))) as Header;
  let offset = body;
  const state = header.vectors.map(({ name, type, length }): [string, FloatArray] => {
    const next = offset + length * (widths[type] as number);
    // Copied: a Buffer's own slice would be a view, at any alignment.
    const { buffer } = new Uint8Array(bytes.subarray(offset, next));
    offset = next;
    return [name, type === 'float64' ? new Float64Array(buffer) : new Float32Array(buffer)];
  });
  return {
    step: header.step,
    snapshot: { format: 'clr/onnx', version: 1, step: header.updates, state: Object.fromEntries(state) },
    ...('extra' in header ? { extra: header.extra } : {}),
  };
}
