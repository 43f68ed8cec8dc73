import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { ClrError } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { withHeader } from '../../test/withHeader.ts';
import { decodeCheckpoint } from './decodeCheckpoint.ts';
import { encodeCheckpoint } from './encodeCheckpoint.ts';

const weights = Float32Array.of(1);
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** A file with a correct checksum, the given checkpoint (as JSON), and if given, the entry of its tensor. */
async function forged(checkpoint: string, entry?: string): Promise<Uint8Array> {
  const file = await encodeCheckpoint({ step: 1, snapshot: { weights } });
  return withHeader(file, (header) => {
    const { __metadata__: metadata, ...tensors } = JSON.parse(header);
    const json = JSON.stringify({ __metadata__: { ...metadata, checkpoint }, ...tensors });
    const changed = entry === undefined ? json : json.replace(/(?<="0:weights":)\{.*?\}/, () => entry);
    return changed + ' '.repeat((8 - (Buffer.byteLength(changed) % 8)) % 8);
  });
}

/** A file of the first format with a correct checksum. */
function first(header: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.from(Uint32Array.of(json.length).buffer);
  const body = Buffer.concat([Buffer.from('clrONNX1'), length, json, Buffer.alloc(4)]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

// JSON values of every kind; String() throws on the last.
const odd: readonly unknown[] = [
  'map',
  'length',
  '0',
  ['0'],
  [0],
  -1,
  0.5,
  1e99,
  null,
  true,
  {},
  { toString: 1 },
];

describe('a damaged checkpoint with a correct checksum', () => {
  it('is read if nothing was changed', async () => {
    const good = '{"step":1,"snapshot":{"weights":{"$tensor":0}}}';
    expect(await decodeCheckpoint(await forged(good))).toEqual({ step: 1, snapshot: { weights } });
  });

  it.each(odd)('is refused with %j in any place', async (value) => {
    const json = JSON.stringify(value);
    const checkpoint = (step: string, tensor: string, more = '') =>
      `{"step":${step},"snapshot":{"weights":{"$tensor":${tensor}}${more}}}`;
    const entry = (dtype: string, shape: string, more = '') =>
      `{"dtype":${dtype},"shape":${shape},"data_offsets":[0,4]${more}}`;
    const files = [
      forged(checkpoint(json, '0')),
      forged(checkpoint('1', json)),
      forged(checkpoint('1', '0', `,"x":{"$number":${json}}`)),
      forged(checkpoint('1', '0', `,"x":{"$bigint":${json === '"0"' ? '0' : json}}`)),
      forged(checkpoint('1', '0', `,"__proto__":${json}`)),
      forged(checkpoint('1', '0'), json),
      forged(checkpoint('1', '0'), entry(json, '[1]')),
      forged(checkpoint('1', '0'), entry('"F32"', json === '[0]' ? '[2]' : json)),
      forged(checkpoint('1', '0'), entry('"F32"', '[1]', `,"more":${json}`)),
      ...[
        value,
        { name: value, type: 'float32', length: 2 },
        { name: 'a', type: value, length: 1 },
        { name: 'a', type: 'float32', length: value === null ? 2 : [value] },
      ].map((vector) => first({ step: 1, updates: 1, vectors: [vector] })),
    ];
    for (const file of files) await expect(decodeCheckpoint(await file)).rejects.toThrow(ClrError);
  });

  it('is refused if it is deeply nested in any place', async () => {
    const good = '{"step":1,"snapshot":{"weights":{"$tensor":0}}';
    for (const levels of [66, 100_000]) {
      const nested = deep(levels);
      await expect(decodeCheckpoint(await forged(`${good},"extra":${nested}}`))).rejects.toThrow(ClrError);
      const entry = `{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":${nested}}`;
      await expect(decodeCheckpoint(await forged(`${good}}`, entry))).rejects.toThrow(ClrError);
    }
  });

  it('is refused if it is not a Uint8Array', async () => {
    for (const bytes of ['text', undefined, null, {}, weights, new ArrayBuffer(8)]) {
      await expect(decodeCheckpoint(bytes as never)).rejects.toThrow('Expected the bytes of a checkpoint');
    }
  });
});

describe('encodeCheckpoint', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  it.each([
    ['NaN', Number.NaN],
    ['Infinity', { rate: Number.POSITIVE_INFINITY }],
    ['-0', -0],
    ['a Map', new Map([[1, 2]])],
    ['a function', () => 1],
    ['a bigint', 10n],
    ['a typed array', weights],
    ['a Date', new Date(0)],
    ['an array with holes', new Array(3)],
    ['undefined in an array', [undefined]],
    ['a symbol', Symbol('x')],
    ['a cycle', cyclic],
    ['a class instance', new (class Run {})()],
  ])('refuses an extra that JSON would change: %s', async (_, extra) => {
    await expect(encodeCheckpoint({ step: 1, snapshot: { weights }, extra })).rejects.toThrow(ClrError);
  });

  it('accepts an extra of plain JSON, and leaves out undefined fields', async () => {
    const extra = { seed: 3, rates: [0.1, null], on: true, none: undefined };
    const read = await decodeCheckpoint(await encodeCheckpoint({ step: 1, snapshot: { weights }, extra }));
    expect(read.extra).toEqual({ seed: 3, rates: [0.1, null], on: true });
  });

  it('refuses a header that is too large for the reader', async () => {
    // Each of these characters takes three bytes.
    const extra = '€'.repeat(23e6);
    await expect(encodeCheckpoint({ step: 1, snapshot: { weights }, extra })).rejects.toThrow(
      'Received: 69000',
    );
  });

  it('refuses an array that lies outside its shrunken buffer', async () => {
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => ArrayBuffer & { resize(length: number): void };
    const buffer = new Resizable(16, { maxByteLength: 16 });
    const cut = new Float32Array(buffer, 8, 2);
    buffer.resize(4);
    await expect(encodeCheckpoint({ step: 1, snapshot: { weights, cut } })).rejects.toThrow('cut off');
  });

  it('refuses nested shared objects that would become exponentially many values', async () => {
    let node: object = { weights: 1 };
    for (let level = 0; level < 50; level++) node = { a: node, b: node };
    await expect(encodeCheckpoint({ step: 1, snapshot: { weights, node } })).rejects.toThrow(
      'more than 2000000 values',
    );
  });

  it('refuses a value that is not a checkpoint', async () => {
    for (const checkpoint of [undefined, null, {}, { step: Object.create(null), snapshot: { weights } }]) {
      await expect(encodeCheckpoint(checkpoint as never)).rejects.toThrow(ClrError);
    }
  });

  it('accepts arrays and objects of another realm, subclasses, Buffers and shared memory', async () => {
    const foreign = runInNewContext('({ weights: new Float32Array([1, 2]), list: [{ a: 1 }] })');
    const shared = new Float32Array(new SharedArrayBuffer(4)).fill(3);
    const sub = new (class extends Float64Array {})([4]);
    const read = await decodeCheckpoint(
      await encodeCheckpoint({ step: 1, snapshot: { foreign, shared, sub, buffer: Buffer.from([5]) } }),
    );
    expect(read.snapshot).toEqual({
      foreign: { weights: Float32Array.of(1, 2), list: [{ a: 1 }] },
      shared: Float32Array.of(3),
      sub: Float64Array.of(4),
      buffer: Uint8Array.of(5),
    });
  });
});
