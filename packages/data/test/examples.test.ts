import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as curves from '../src/curves/index.ts';
import * as data from '../src/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describeExamples({
  sources: path('../src'),
  exports: [data, curves],
  pages: [path('../README.md')],
  scope: () => ({ ...core, ...data, ...curves }),
  modules: { '@clr/core': core, '@clr/data': data, '@clr/data/curves': curves },
});
