import { createHash } from 'node:crypto';
import { referenceSubject, referenceTrainable } from '@clr/conformance';
import { autoClr, type Checkpoint, ClrError, train, triangular } from '@clr/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withHeader } from '../../test/withHeader.ts';
import { decodeCheckpoint } from './decodeCheckpoint.ts';
import { encodeCheckpoint } from './encodeCheckpoint.ts';

const snapshot = {
  version: 1,
  weights: [
    { name: 'a/kernel', data: Float32Array.of(1, -0, Number.NaN, 1e-45) },
    { name: 'b', data: Float64Array.of(Math.PI) },
  ],
  counters: { step: 7, scale: Number.POSITIVE_INFINITY, zero: -0, big: 2n ** 70n },
  bytes: Uint8Array.of(1, 2, 3),
  empty: new Int32Array(0),
};

const bytesOf = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Batches of rows whose class is their largest feature, of three. */
const learnable = Array.from({ length: 6 }, (_, batch) => {
  const features = Array.from({ length: 8 }, (_, row) =>
    Array.from({ length: 4 }, (_, i) => Math.sin(97 * batch + 31 * row + 7 * i)),
  );
  return { features, classes: features.map((row) => row.indexOf(Math.max(...row.slice(0, 3)))) };
});

describe('a checkpoint', () => {
  it('is decoded unchanged, including extra', async () => {
    const extra = { policy: { type: 'constant', lr: 0.1 }, text: 'ü' };
    const read = await decodeCheckpoint(await encodeCheckpoint({ step: 5, snapshot, extra }));
    expect(read).toEqual({ step: 5, snapshot, extra });
    const { weights } = read.snapshot as typeof snapshot;
    expect(bytesOf(weights[0]!.data as Float32Array)).toEqual(
      bytesOf(snapshot.weights[0]!.data as Float32Array),
    );
  });

  it('holds the average of the weights, so that a resumed run gives the same bits as an uninterrupted one', async () => {
    const run = async (from?: Checkpoint) => {
      const trainable = referenceTrainable({ features: 4, classes: 3 });
      const files: Uint8Array[] = [];
      const averages: object[] = [];
      await train(trainable, referenceSubject.batches, {
        policy: triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 3 }),
        steps: 12,
        average: { type: 'ema', beta: 0.9, every: 2 },
        checkpoint: { save: async (checkpoint) => void files.push(await encodeCheckpoint(checkpoint)) },
        onAverage: (average) => void averages.push(average),
        ...(from && { from }),
      });
      return { files, averages, weights: trainable.weights };
    };
    const whole = await run();
    const rest = await run(await decodeCheckpoint(whole.files[0]!));
    expect(rest.weights).toEqual(whole.weights);
    expect(rest.averages).toEqual(whole.averages.slice(1));
    expect(rest.files).toEqual(whole.files.slice(1));
  });

  it('holds a run of autoClr, so that it resumes with the same bits', async () => {
    const run = async (from?: Checkpoint) => {
      const trainable = referenceTrainable({ features: 4, classes: 3 });
      const files: Uint8Array[] = [];
      const { run: _, ...result } = await autoClr(trainable, learnable, {
        ...{ steps: 400, plan: 'cycles', average: true, validation: learnable },
        checkpoint: { save: async (checkpoint) => void files.push(await encodeCheckpoint(checkpoint)) },
        ...(from && { from }),
      });
      return { files, result, weights: trainable.weights };
    };
    const whole = await run();
    expect(whole.files.length).toBeGreaterThan(2);
    const rest = await run(await decodeCheckpoint(whole.files[1]!));
    expect(rest.weights).toEqual(whole.weights);
    expect(rest.result).toEqual(whole.result);
    expect(rest.files).toEqual(whole.files.slice(2));
  });

  it('refuses an invalid state of autoClr', async () => {
    for (const autoClr of [null, 3, 'state']) {
      const saving = encodeCheckpoint({ step: 1, snapshot, autoClr: autoClr as never });
      await expect(saving).rejects.toThrow('Expected a state of `autoClr`');
    }
    const file = await encodeCheckpoint({ step: 5, snapshot });
    const damaged = withHeader(file, (header) =>
      header.replace('\\"step\\":5', '\\"step\\":5,\\"autoClr\\":7'),
    );
    await expect(decodeCheckpoint(damaged)).rejects.toThrow(ClrError);
  });

  it('refuses an invalid average', async () => {
    for (const average of [null, 3, { type: 'mean', snapshots: [] }, { type: 'ema' }]) {
      const saving = encodeCheckpoint({ step: 1, snapshot, average: average as never });
      await expect(saving).rejects.toThrow('Expected an average of `train`');
    }
    const file = await encodeCheckpoint({ step: 5, snapshot });
    const damaged = withHeader(file, (header) =>
      header.replace('\\"step\\":5', '\\"step\\":5,\\"average\\":{}'),
    );
    await expect(decodeCheckpoint(damaged)).rejects.toThrow(ClrError);
  });

  it('is decoded unchanged for any plain data and typed arrays', async () => {
    const leaf = fc.oneof(
      fc.float32Array({ maxLength: 9 }),
      fc.float64Array({ maxLength: 9 }),
      fc.bigInt64Array({ maxLength: 9 }),
      fc.uint8Array({ maxLength: 9 }),
      fc.double(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt(),
    );
    const key = fc.string({ minLength: 1 }).filter((name) => !/^(\d|\$|__)/.test(name));
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).node;
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(), async (content, step) => {
        const before = { content, always: Uint8Array.of(1) };
        const read = await decodeCheckpoint(await encodeCheckpoint({ step, snapshot: before }));
        expect(read).toEqual({ step, snapshot: before });
      }),
      { numRuns: 200 },
    );
  });

  it('is a safetensors file: the header’s length, a JSON header, then the tensors', async () => {
    const file = await encodeCheckpoint({
      step: 5,
      snapshot: { a: Float32Array.of(1, 2), b: Float64Array.of(3) },
    });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString());
    expect((8 + length) % 8).toBe(0);
    expect(header['1:b']).toEqual({ dtype: 'F64', shape: [1], data_offsets: [0, 8] });
    expect(header['0:a']).toEqual({ dtype: 'F32', shape: [2], data_offsets: [8, 16] });
    expect(new Float32Array(file.slice(8 + length + 8).buffer)).toEqual(Float32Array.of(1, 2));
  });

  it('is copied when it is encoded, so later changes have no effect', async () => {
    const weights = Float32Array.of(1, 2);
    const encoding = encodeCheckpoint({ step: 1, snapshot: { weights } });
    weights.fill(9);
    expect((await decodeCheckpoint(await encoding)).snapshot).toEqual({ weights: Float32Array.of(1, 2) });
  });

  const transferred = Float32Array.of(1, 2);
  structuredClone(transferred, { transfer: [transferred.buffer] });
  const circle: { inside?: object } = {};
  circle.inside = circle;
  it.each<[string, unknown, string]>([
    [
      'a typed array that went through JSON',
      JSON.parse(JSON.stringify({ weights: snapshot.weights })),
      'the keys 0, 1, 2',
    ],
    ['a transferred array', { transferred }, 'whose memory was transferred'],
    ['no typed array', { version: 1 }, 'a snapshot without any'],
    ['a function', { act: () => 1, a: Uint8Array.of(1) }, 'a function at act'],
    ['a Map', { map: new Map(), a: Uint8Array.of(1) }, 'a Map at map'],
    ['a DataView', { view: new DataView(new ArrayBuffer(1)) }, 'a DataView at view'],
    ['circular data', circle, 'more than 64 levels'],
    ['a reserved key', { $tensor: 1, a: Uint8Array.of(1) }, 'the reserved key $tensor'],
    ['undefined in a list', { list: [undefined], a: Uint8Array.of(1) }, 'a undefined at list.0'],
    ['null', null, 'snapshot = null'],
  ])('is refused with %s', async (_, bad, received) => {
    await expect(encodeCheckpoint({ step: 1, snapshot: bad as object })).rejects.toThrow(received);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 60])('is refused with step %d', async (step) => {
    await expect(encodeCheckpoint({ step, snapshot })).rejects.toThrow(`step = ${step}`);
  });
});

describe('damaged bytes', () => {
  it('are refused if a bit of any byte is flipped, or if the file is cut off or too long', async () => {
    const file = await encodeCheckpoint({ step: 5, snapshot });
    for (let at = 0; at < file.length; at++) {
      const flipped = file.slice();
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      await expect(decodeCheckpoint(flipped), `byte ${at}`).rejects.toThrow(ClrError);
    }
    for (let length = 0; length < file.length; length += 3) {
      await expect(decodeCheckpoint(file.slice(0, length)), `${length} bytes`).rejects.toThrow(ClrError);
    }
    await expect(decodeCheckpoint(Buffer.concat([file, Buffer.of(0)]))).rejects.toThrow(
      '28 bytes of data, and tensors of 27',
    );
  });

  const edits: [string, (header: string) => string][] = [
    ['a negative step', (h) => h.replace('{\\"step\\":5', '{\\"step\\":-5')],
    ['no step', (h) => h.replace('\\"step\\":5,', '')],
    ['an unsupported type', (h) => h.replace('"F32"', '"F16"')],
    ['an unknown type', (h) => h.replace('"U8"', '"I9"')],
    ['a shorter shape', (h) => h.replace('"shape":[4]', '"shape":[3]')],
    ['a shape of two axes', (h) => h.replace('"shape":[4]', '"shape":[2,2]')],
    ['offsets cut short', (h) => h.replace('"data_offsets":[0,8]', '"data_offsets":[0,4]')],
    ['overlapping tensors', (h) => h.replace('"data_offsets":[8,24]', '"data_offsets":[0,16]')],
    ['a missing tensor', (h) => h.replace(/,"2:bytes":\{[^}]*\}/, '')],
    ['a tensor used twice', (h) => h.replace('{\\"$tensor\\":1}', '{\\"$tensor\\":0}')],
    ['a reference to a missing tensor', (h) => h.replace('{\\"$tensor\\":1}', '{\\"$tensor\\":9}')],
    ['a duplicate name', (h) => h.replace('"1:weights.1.data"', '"0:weights.0.data"')],
    ['an unknown number', (h) => h.replace('\\"Infinity\\"', '\\"Infinite\\"')],
    ['an unknown format', (h) => h.replace('clr.checkpoint.2', 'clr.checkpoint.9')],
    ['no format in its metadata', (h) => h.replace('"format"', '"f"')],
    ['extra spaces', (h) => h.replace(',"format"', ', "format"')],
    ['a list instead of an object', () => '[]'],
    ['invalid JSON', (h) => h.slice(1)],
  ];
  it.each(edits)('are refused if the header has %s, with a correct checksum', async (_, change) => {
    const file = await encodeCheckpoint({ step: 5, snapshot });
    expect(await decodeCheckpoint(withHeader(file, (header) => header))).toEqual({ step: 5, snapshot });
    const edited = withHeader(file, change);
    expect(Buffer.compare(edited, file)).not.toBe(0);
    await expect(decodeCheckpoint(edited)).rejects.toThrow('Expected a whole checkpoint');
  });

  it('are refused if the header claims more data than the file has', async () => {
    const file = await encodeCheckpoint({ step: 5, snapshot });
    new DataView(file.buffer).setBigUint64(0, 2n ** 62n, true);
    await expect(decodeCheckpoint(file)).rejects.toThrow('a header of 4611686018427387904 bytes');
  });
});

describe('the first format', () => {
  const header = { step: 5, updates: 7, vectors: [{ name: 'parameters.0', type: 'float32', length: 2 }] };
  const file = (content: object, data = Float32Array.of(1, 2)): Uint8Array => {
    const json = Buffer.from(JSON.stringify(content));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(json.length);
    const parts = [Buffer.from('clrONNX1'), size, json, bytesOf(data)];
    const sum = createHash('sha256').update(Buffer.concat(parts)).digest();
    return new Uint8Array(Buffer.concat([...parts, sum]));
  };

  it('can be read', async () => {
    const state = { 'parameters.0': Float32Array.of(1, 2) };
    expect(await decodeCheckpoint(file(header))).toEqual({
      step: 5,
      snapshot: { format: 'clr/onnx', version: 1, step: 7, state },
    });
  });

  it.each([
    ['a negative step', { ...header, step: -5 }],
    ['a length cut short', { ...header, vectors: [{ ...header.vectors[0], length: 1 }] }],
    ['a length beyond the file', { ...header, vectors: [{ ...header.vectors[0], length: 2 ** 40 }] }],
    ['an unknown type', { ...header, vectors: [{ ...header.vectors[0], type: 'float16' }] }],
    ['no vectors', { step: 5, updates: 7 }],
  ])('is refused with %s and a correct checksum', async (_, content) => {
    await expect(decodeCheckpoint(file(content))).rejects.toThrow('Expected a whole checkpoint');
  });
});
