import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { listImages, listLooseImages } from '../src/node/index.ts';

const root = await mkdtemp(join(tmpdir(), 'clr-images-'));
afterAll(() => rm(root, { recursive: true }));

/** Makes a folder with empty files. */
async function folderOf(name: string, ...files: readonly string[]): Promise<string> {
  for (const file of files) {
    await mkdir(dirname(join(root, name, file)), { recursive: true });
    await writeFile(join(root, name, file), '');
  }
  return join(root, name);
}

it('ignores files that are not images', async () => {
  const folder = await folderOf(
    'plain',
    'cat/1.png',
    'cat/Thumbs.db',
    'dog/1.JPG',
    'dog/.x.webp',
    'notes/a.txt',
  );
  await symlink(join(folder, 'cat/1.png'), join(folder, 'link'));
  await symlink(join(folder, 'nowhere'), join(folder, 'broken'));
  const { classes, files } = await listImages(folder);
  expect([classes, files.length]).toEqual([['cat', 'dog'], 2]);
});

it.each<[string, readonly string[], string]>([
  ['beside others', ['cat/1.png', 'cat/2.webp', 'cat/3.GIF', 'dog/1.png'], '2 files in the format gif, webp'],
  [
    'of a whole class',
    ['cat/1.png', 'dog/1.png', 'bird/more/1.tiff'],
    '1 file in the format tiff, such as 1.tiff',
  ],
  ['without class folders', ['1.bmp'], '1 file in the format bmp'],
])('refuses images of other formats %s', async (what, files, words) => {
  const folder = await folderOf(what, ...files);
  await expect(listImages(folder)).rejects.toThrow(words);
  await expect(listLooseImages(folder)).rejects.toThrow('Convert them to PNG or JPEG');
});

it('refuses a class folder that cannot be read', async () => {
  const folder = await folderOf('locked', 'cat/1.png', 'dog/1.png');
  // A link to itself cannot be read by anyone; the superuser reads folders without permissions.
  await symlink('bird', join(folder, 'bird'));
  await expect(listImages(folder)).rejects.toThrow('ELOOP');
});
