import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as browser from '../src/browser/index.ts';
import * as checkpoint from '../src/index.ts';
import * as node from '../src/node/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describeExamples({
  sources: path('../src'),
  exports: [checkpoint, node, browser],
  scope: () => ({ ...core, ...checkpoint, ...node, ...browser, readFile }),
});
