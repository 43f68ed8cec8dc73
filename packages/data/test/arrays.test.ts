import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readRows } from '../src/arrays/rawArray.ts';
import { arraysDataset, bytesSource, openArrays, type RawArray } from '../src/index.ts';
import { fileSource } from '../src/node/index.ts';

const path = (name: string): string => fileURLToPath(new URL(`files/${name}`, import.meta.url));
const rowsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const all = (array: RawArray): Promise<Float64Array> =>
  readRows(array, rowsOf(array.dims[0] ?? 1), (length) => new Float64Array(length));

describe('arrays of NumPy', () => {
  it.each(['arrays.npz', 'packed.npz'])('are read correctly in every element type: %s', async (name) => {
    const source = await fileSource(path(name));
    const arrays = new Map((await openArrays(source, name)).map((array) => [array.name, array]));
    const get = (key: string): RawArray => arrays.get(key) as RawArray;
    const x = await all(get('x'));
    expect(get('x').dims).toEqual([6, 2, 3]);
    expect([...x.slice(0, 2)]).toEqual([Math.fround(0.345584192064786), Math.fround(0.8216181435011584)]);
    expect(await all(get('double'))).toEqual(x);
    expect(await all(get('big'))).toEqual(x);
    for (const [i, value] of (await all(get('half'))).entries())
      expect(Math.abs(value - x[i]!)).toBeLessThan(2e-3);
    expect([...(await all(get('y')))]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...(await all(get('byte')))]).toEqual(rowsOf(12).map((i) => i * 20));
    expect([...(await all(get('flag')))]).toEqual([1, 0, 1, 0, 1, 0]);
    expect([...(await all(get('short')))]).toEqual([-3, -2, -1, 0, 1, 2]);
    // Read rows in any order, as for a batch.
    const some = await readRows(get('x'), [4, 0, 1, 1], (length) => new Float32Array(length));
    expect([...some]).toEqual([4, 0, 1, 1].flatMap((row) => [...x.slice(row * 6, row * 6 + 6)]));
    await source.close();
  });

  it('are named after the file if it is a .npy file', async () => {
    const source = await fileSource(path('x.npy'));
    expect(await openArrays(source, 'x')).toMatchObject([{ name: 'x', dims: [6, 2, 3], dtype: 'f4' }]);
    await source.close();
  });

  it('are refused in Fortran order', async () => {
    const source = await fileSource(path('fortran.npz'));
    await expect(openArrays(source, 'fortran.npz')).rejects.toThrow('in Fortran order');
    await source.close();
  });
});

/** The bytes of a safetensors file with one bfloat16 tensor and one of bytes. */
function safetensors(): Uint8Array {
  const header = JSON.stringify({
    __metadata__: { format: 'pt' },
    w: { dtype: 'BF16', shape: [2, 1], data_offsets: [0, 4] },
    b: { dtype: 'U8', shape: [3], data_offsets: [4, 7] },
  });
  const bytes = new Uint8Array(8 + header.length + 7);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set([0x80, 0x3f, 0x20, 0xc0, 7, 8, 9], 8 + header.length);
  return bytes;
}

describe('other arrays', () => {
  it('are read from safetensors, with bfloat16 as floats, and refused if the file is truncated', async () => {
    const [w, b] = await openArrays(bytesSource(safetensors()), 'model');
    expect([...(await all(w as RawArray))]).toEqual([1, -2.5]);
    expect([...(await all(b as RawArray))]).toEqual([7, 8, 9]);
    await expect(openArrays(bytesSource(safetensors().subarray(0, -1)), 'model')).rejects.toThrow(
      '1 bytes too early',
    );
  });

  it('are read from IDX, with the high byte first', async () => {
    const [labels] = await openArrays(
      bytesSource(Uint8Array.of(0, 0, 11, 1, 0, 0, 0, 2, 1, 0, 255, 255)),
      'labels',
    );
    expect([...(await all(labels as RawArray))]).toEqual([256, -1]);
  });

  it('are read row by row, without loading a file of 3 GiB into memory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clr-data-'));
    // A sparse file of 3 GiB that uses no disk space.
    const rows = 3 * 2 ** 18;
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, 1024), }`.padEnd(117) + '\n';
    await writeFile(
      join(folder, 'big.npy'),
      Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]), Buffer.from(header)]),
    );
    const file = await open(join(folder, 'big.npy'), 'r+');
    await file.write(new Uint8Array(Float32Array.of(7).buffer), 0, 4, 128 + 4 * (1024 * rows - 1));
    await file.close();
    const source = await fileSource(join(folder, 'big.npy'));
    const before = process.memoryUsage().arrayBuffers;
    const [x] = await openArrays(source, 'x');
    const dataset = await arraysDataset({ input: { array: x as RawArray, type: 'float32' } });
    const { input } = await dataset.read([rows - 1, 5]);
    expect([input?.dims, input?.data[1023], input?.data[1024]]).toEqual([[2, 1024], 7, 0]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    await source.close();
    await rm(folder, { recursive: true });
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'an empty file'],
    ['a text file', new TextEncoder().encode('a,b\n1,2\n3,4\n5,6'), 'a file of another format'],
    [
      'an archive without its directory',
      Uint8Array.from({ length: 64 }, (_, i) => [0x50, 0x4b, 3, 4][i] ?? 0),
      'a whole .npz archive',
    ],
    [
      'a truncated .npy file',
      Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0),
      'bytes without its header',
    ],
    ['a truncated IDX file', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 9, 1), '8 bytes too early'],
  ])('refuses %s', async (_, bytes, words) => {
    await expect(openArrays(bytesSource(bytes), 'the file')).rejects.toThrow(words);
  });
});
