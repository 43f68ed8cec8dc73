import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fail, listed } from '../errors.ts';
import type { ImageFile } from '../images/imagesDataset.ts';

const isImage = (name: string): boolean => /\.(png|jpe?g)$/i.test(name) && !name.startsWith('.');

/** Formats of images that clr cannot read. To leave out such files silently would lose examples. */
const unreadable = /\.(webp|gif|bmp|tiff?|hei[cf]|avif|svg|jxl|jp2|jfif|p[bgp]m)$/i;

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Lists the images in a folder that has one subfolder for each class. Classes are numbered in the order of their names.
 * Files that are not images are ignored.
 *
 * @param classes - the classes of an existing model
 * @throws {ClrError} if no folder has images, if there are fewer than two classes, if a folder is not named after one
 *   of `classes`, cannot be read, or has images in formats other than PNG and JPEG
 *
 * @example
 * ```ts
 * for (const kind of ['cat', 'dog']) {
 *   await mkdir(`pets/${kind}`, { recursive: true });
 *   await writeFile(`pets/${kind}/1.png`, '');
 * }
 * (await listImages('pets')).classes; // ['cat', 'dog']
 * ```
 */
export async function listImages(
  folder: string,
  classes?: readonly string[],
): Promise<{
  /** The names of the classes, by their number. */
  readonly classes: readonly string[];
  /** The images, each with the number of its class. */
  readonly files: readonly ImageFile[];
}> {
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort(byName);
  const found = new Map<string, string[]>();
  for (const name of folders) {
    const images = await imagesIn(join(folder, name));
    if (images.length > 0) found.set(name, images);
  }
  const names = [...found.keys()];
  const known = classes ?? names;
  const odd = names.find((name) => !known.includes(name));
  if (odd !== undefined) {
    throw fail(
      `folders named after the classes ${listed(known)}`,
      `"${odd}"`,
      'Give images with the same classes.',
    );
  }
  if (names.length === 0 || known.length < 2) {
    refuseUnreadable(
      folder,
      entries.map((entry) => entry.name),
    );
    const loose = entries.filter((entry) => isImage(entry.name)).length;
    throw fail(
      `a folder for each class in ${folder}, at least two, with PNG or JPEG images`,
      loose > 0
        ? `${loose} images without such folders`
        : `${names.length === 0 ? 'no images' : `"${names[0]}" alone`}`,
      'Put the images of a class into a folder with its name.',
    );
  }
  const files = [...found].flatMap(([name, paths]) =>
    paths.map((path): ImageFile => {
      const full = join(folder, name, path);
      return { name: full, label: known.indexOf(name), read: () => readFile(full) };
    }),
  );
  return { classes: known, files };
}

/**
 * Lists all images in a folder and its subfolders, without classes, for predictions.
 *
 * @throws {ClrError} if the folder has no images, or has images in formats other than PNG and JPEG
 *
 * @example
 * ```ts
 * await mkdir('new', { recursive: true });
 * await writeFile('new/1.png', '');
 * (await listLooseImages('new')).length; // 1
 * ```
 */
export async function listLooseImages(folder: string): Promise<readonly ImageFile[]> {
  const paths = await imagesIn(folder);
  if (paths.length === 0) throw fail(`PNG or JPEG images in ${folder}`, 'none', 'Give a folder with images.');
  return paths.map((path) => ({ name: path, read: () => readFile(join(folder, path)) }));
}

/** The paths of the images in a folder and its subfolders. A link that is not to a folder has none. */
async function imagesIn(folder: string): Promise<string[]> {
  const inside = await readdir(folder, { recursive: true }).catch((cause) => {
    if (cause.code === 'ENOTDIR' || cause.code === 'ENOENT') return [];
    throw fail(
      `a folder that can be read: ${cause.path ?? folder}`,
      cause.code ?? String(cause),
      'Change its permissions, or move it elsewhere.',
      { cause },
    );
  });
  const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) as string;
  refuseUnreadable(folder, inside.map(nameOf));
  return inside.filter((path) => isImage(nameOf(path))).sort(byName);
}

function refuseUnreadable(folder: string, names: readonly string[]): void {
  const odd = names.filter((name) => unreadable.test(name) && !name.startsWith('.'));
  if (odd.length === 0) return;
  const formats = [...new Set(odd.map((name) => extname(name).slice(1).toLowerCase()))].sort(byName);
  throw fail(
    `PNG or JPEG images in ${folder}`,
    `${odd.length} ${odd.length === 1 ? 'file' : 'files'} in the format ${formats.join(', ')}, such as ${odd[0]}`,
    'Convert them to PNG or JPEG, or move them elsewhere.',
  );
}
