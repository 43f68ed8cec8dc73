// Compiled by several versions of TypeScript against the packed packages.

import { encodeCheckpoint } from '@clr/checkpoint';
import { fileStore } from '@clr/checkpoint/node';
import { referenceTrainable } from '@clr/conformance';
import { type Policy, type RangeTestTrace, type Trainable, train, triangular2 } from '@clr/core';
import { readCurve } from '@clr/data/curves';
import { buildModel, type OnnxTrainer } from '@clr/onnx';
import { renderPolicy } from '@clr/report';
import { type Job, parseJob } from '@clr/sweep';
import { cyclicLR } from '@clr/tfjs';
import { network } from '@clr/webgpu';

export const policy: Policy = triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 20 });
export const svg: string = renderPolicy(policy);
export const model: Trainable<unknown> | undefined = undefined as OnnxTrainer | undefined as never;
export const used: unknown = [
  encodeCheckpoint,
  fileStore,
  readCurve,
  buildModel,
  parseJob,
  cyclicLR,
  network,
];
export const job: Job | undefined = undefined;
export const trace: RangeTestTrace | undefined = undefined;
// @ts-expect-error: baseLr must be a number
triangular2({ baseLr: '0.001' });
export const run: Promise<{ readonly step: number }> = train(
  referenceTrainable({ features: 1, classes: 2 }),
  [],
  {
    policy,
    steps: 1,
  },
);
