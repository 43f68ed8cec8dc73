import type { Checkpoint } from '../checkpoint.ts';
import { damaged, inWords } from '../errors.ts';

// The first format: eight letters, the header's length (uint32), the header (JSON), the bytes of the vectors in order
// (little-endian), and the SHA-256 of everything before it.
const magic = new TextEncoder().encode('clrONNX1');
const start = magic.length + 4;
const sumLength = 32;
const types = { float32: Float32Array, float64: Float64Array } as const;

interface Header {
  readonly step: number;
  readonly updates: number;
  readonly extra?: unknown;
  readonly vectors: readonly {
    readonly name: string;
    readonly type: keyof typeof types;
    readonly length: number;
  }[];
}

/** True if bytes begin like a file of the first format, which `@clr/onnx` wrote. */
export function isFirstFormat(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.every((letter, i) => bytes[i] === letter);
}

/** Reads a file of the first format. */
export async function decodeFirstFormat(bytes: Uint8Array): Promise<Checkpoint> {
  if (bytes.length < start + sumLength) throw damaged(`${bytes.length} bytes`);
  const end = bytes.length - sumLength;
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes.subarray(0, end))));
  if (sum.some((byte, i) => bytes[end + i] !== byte)) throw damaged('bytes that do not match their checksum');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = start + view.getUint32(magic.length, true);
  const { step, updates, extra, vectors } = parseHeader(bytes.subarray(start, Math.min(body, end)));
  let offset = body;
  const state: Record<string, Float32Array | Float64Array> = {};
  for (const { name, type, length } of vectors.map((vector) => vector ?? {})) {
    const Vector = typeof type === 'string' && Object.hasOwn(types, type) ? types[type] : undefined;
    const next = offset + (Vector && isCount(length) ? length * Vector.BYTES_PER_ELEMENT : Number.NaN);
    const isNew = typeof name === 'string' && !Object.hasOwn(state, name) && name !== '__proto__';
    if (!Vector || !(next <= end) || !isNew) {
      throw damaged(`a vector ${inWords(name)} of ${inWords(length)} × ${inWords(type)} that does not fit`);
    }
    state[name] = new Vector(new Uint8Array(bytes.subarray(offset, next)).buffer);
    offset = next;
  }
  if (offset !== end) throw damaged(`${end - body} bytes of data, and vectors of ${offset - body}`);
  const snapshot = { format: 'clr/onnx', version: 1, step: updates, state };
  return { step, snapshot, ...(extra === undefined ? {} : { extra }) };
}

function parseHeader(bytes: Uint8Array): Header {
  let header: Partial<Header> | undefined;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Partial<Header>;
  } catch {
    // reported below
  }
  if (!isCount(header?.step) || !isCount(header?.updates) || !Array.isArray(header?.vectors)) {
    throw damaged('a header without step, updates or vectors');
  }
  return header as Header;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
