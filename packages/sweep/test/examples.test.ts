import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as sweep from '../src/index.ts';
import { jobOf } from './jobs.ts';
import { open } from './softmax.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describeExamples({
  sources: path('../src'),
  exports: [sweep],
  pages: [path('../README.md')],
  scope: () => ({ ...core, ...sweep, open, job: jobOf({ type: 'fixed', lr: 0.1, steps: 50 }) }),
  modules: {
    '@clr/core': core,
    '@clr/sweep': sweep,
    // The page only defines a function that uses them.
    '@clr/onnx': { createTrainer: undefined },
    'onnxruntime-node': {},
  },
});
