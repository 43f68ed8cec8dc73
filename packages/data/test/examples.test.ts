import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as curves from '../src/curves/index.ts';
import * as data from '../src/index.ts';
import * as node from '../src/node/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describeExamples({
  sources: path('../src'),
  exports: [data, curves, node],
  pages: [path('../README.md')],
  scope: () => ({ ...core, ...data, ...curves, ...node, mkdir, readFile, writeFile }),
  files: Object.fromEntries(
    ['grey.png', 'table.parquet', 'table.arrow'].map((name) => [name, readFileSync(path(`files/${name}`))]),
  ),
  modules: { '@clr/core': core, '@clr/data': data, '@clr/data/curves': curves, '@clr/data/node': node },
});
