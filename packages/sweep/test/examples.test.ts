import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as checkpoint from '@clr/checkpoint/node';
import * as core from '@clr/core';
import { module, open } from '@clr/datasets/softmaxJobs';
import * as sweep from '@clr/sweep';
import * as node from '@clr/sweep/node';
import { describeExamples } from '@clr/tooling/describeExamples';
import { jobOf } from './jobs.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describeExamples({
  sources: path('../src'),
  exports: [sweep, node],
  pages: [path('../README.md')],
  scope: () => ({
    ...core,
    ...sweep,
    ...node,
    open,
    readdir,
    job: jobOf({ type: 'fixed', lr: 0.1, steps: 50 }),
    module,
  }),
  modules: {
    '@clr/core': core,
    '@clr/sweep': sweep,
    '@clr/checkpoint/node': checkpoint,
    '@clr/sweep/node': {
      ...node,
      runSweep: (jobs: readonly sweep.Job[], options: node.SweepOptions) =>
        node.runSweep(jobs, { ...options, module }),
    },
    // The README only defines a function that uses these two packages.
    '@clr/onnx': { createTrainer: undefined },
    'onnxruntime-node': {},
  },
});
