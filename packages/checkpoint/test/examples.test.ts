import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { referenceTrainable } from '@clr/conformance';
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

describeExamples({
  pages: [path('../README.md')],
  scope: () => ({
    train: core.train,
    trainable: referenceTrainable({ features: 2, classes: 2 }),
    batches: [{ features: [[1, 0]], classes: [0] }],
    policy: core.triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 10 }),
  }),
  modules: { '@clr/checkpoint': checkpoint, '@clr/checkpoint/node': node },
});
