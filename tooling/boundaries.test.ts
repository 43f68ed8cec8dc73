import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { crossingsOf, packageFolders } from './boundaries.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** A made-up package with one source file. */
function packageOf(manifest: object, source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'clr-boundaries-'));
  made.push(folder);
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'src/index.ts'), source);
  return folder;
}

describe('the boundaries', () => {
  it.each(packageFolders(fileURLToPath(new URL('..', import.meta.url))))('are kept in %s', (folder) => {
    expect(crossingsOf(folder)).toEqual([]);
  });

  it.each([
    ['core with a dependency', { name: '@clr/core', dependencies: { lodash: '1' } }, '', 'depends on lodash'],
    ['core using Node', { name: '@clr/core' }, "import fs from 'node:fs';", 'uses Node: node:fs'],
    [
      'an adapter on an adapter',
      { name: '@clr/tfjs', dependencies: { '@clr/onnx': '1' } },
      '',
      'depends on @clr/onnx',
    ],
    [
      'a path out of the package',
      { name: '@clr/onnx' },
      "import { x } from '../../core/src/index.ts';",
      'reaches out of its folder',
    ],
    [
      'an import that is not declared',
      { name: '@clr/onnx', devDependencies: { 'fast-check': '1' } },
      "export { a } from 'fast-check';",
      'imports fast-check',
    ],
    ['a public package without a rule', { name: '@clr/new' }, '', 'no entry'],
  ])('are seen to be crossed by %s', (_, manifest, source, crossing) => {
    expect(crossingsOf(packageOf(manifest, source)).join('\n')).toContain(crossing);
  });
});
