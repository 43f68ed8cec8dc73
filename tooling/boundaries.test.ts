import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { crossingsOf, packageFolders } from './boundaries.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** Writes a made-up package: its manifest, its index, and other files by their paths in src. Returns its folder. */
function packageOf(manifest: object, source: string, others: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'clr-boundaries-'));
  made.push(folder);
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const [path, content] of Object.entries({ 'index.ts': source, ...others })) {
    mkdirSync(dirname(join(folder, 'src', path)), { recursive: true });
    writeFileSync(join(folder, 'src', path), content);
  }
  return folder;
}

describe('the boundaries', () => {
  it.each(packageFolders(fileURLToPath(new URL('..', import.meta.url))))('are kept in %s', (folder) => {
    expect(crossingsOf(folder)).toEqual([]);
  });

  it.each([
    ['core with a dependency', { name: '@clr/core', dependencies: { lodash: '1' } }, '', 'depends on lodash'],
    [
      'core with an import from Node',
      { name: '@clr/core' },
      "import fs from 'node:fs';",
      'uses Node: node:fs',
    ],
    [
      'an adapter that depends on another adapter',
      { name: '@clr/tfjs', dependencies: { '@clr/onnx': '1' } },
      '',
      'depends on @clr/onnx',
    ],
    [
      'an import by a path that leaves the package',
      { name: '@clr/onnx' },
      "import { x } from '../../core/src/index.ts';",
      'reaches out of its folder',
    ],
    [
      'an import that the manifest does not declare',
      { name: '@clr/onnx', devDependencies: { 'fast-check': '1' } },
      "export { a } from 'fast-check';",
      'imports fast-check',
    ],
    ['a public package without a rule', { name: '@clr/new' }, '', 'no entry'],
  ])('are crossed by %s', (_, manifest, source, crossing) => {
    expect(crossingsOf(packageOf(manifest, source)).join('\n')).toContain(crossing);
  });

  const onnx = { name: '@clr/onnx' };

  it.each([
    [
      'an import from a room that it may not import',
      { 'graph/a.ts': "import { b } from '../read/b.ts';" },
      'graph/a.ts of @clr/onnx imports from read',
    ],
    [
      'an import of a type from a room that it may not import',
      { 'graph/a.ts': "import type { B } from '../read/b.ts';" },
      'imports from read',
    ],
    ['a room without a rule', { 'attic/a.ts': "import { b } from '../graph/b.ts';" }, 'the room attic'],
    [
      'an import cycle',
      { 'graph/a.ts': "import { b } from './b.ts';", 'graph/b.ts': "export { a } from './a.ts';" },
      'cycle: src/graph/a.ts → src/graph/b.ts → src/graph/a.ts',
    ],
    [
      'an import cycle of types only',
      { 'read/a.ts': "import type { B } from './b.ts';", 'read/b.ts': "import type { A } from './a.ts';" },
      'cycle: src/read/a.ts → src/read/b.ts → src/read/a.ts',
    ],
  ])('are crossed inside a package by %s', (_, files, crossing) => {
    expect(crossingsOf(packageOf(onnx, '', files)).join('\n')).toContain(crossing);
  });

  it('let a room import the rooms that it may, files of src, its own files and a recursive type', () => {
    const files = {
      'read/a.ts': "import { b } from '../graph/b.ts';\nimport { fail } from '../errors.ts';",
      'graph/b.ts': "import { c } from './c.ts';",
      'graph/graph.ts': "import type { Operator } from './operator.ts';",
      'graph/operator.ts': "import type { Graph } from './graph.ts';",
      'graph/b.test.ts': "import { a } from '../read/a.ts';",
    };
    expect(crossingsOf(packageOf(onnx, '', files))).toEqual([]);
  });
});
