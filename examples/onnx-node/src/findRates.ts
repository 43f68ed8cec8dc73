import {
  analyzeRangeTest,
  type Batches,
  type RangeTestFinding,
  type RangeTestTrace,
  rangeTest,
} from '@clr/core';
import type { Batch } from '@clr/onnx';
import { formatNumber, formatRate } from '@clr/report';
import { createLenet } from './lenet.ts';
import { createProgress } from './progress.ts';

/** The range test and what it says. */
export interface Rates {
  readonly trace: RangeTestTrace;
  readonly finding: RangeTestFinding;
}

/** Runs the LR range test on a fresh LeNet, from a rate at which nothing moves until the loss explodes. */
export async function findRates(batches: Batches<Batch>, steps: number, signal: AbortSignal): Promise<Rates> {
  const lenet = await createLenet();
  const progress = createProgress([{ name: 'range test', steps }]);
  try {
    const trace = await rangeTest(lenet, batches, {
      startLr: 1e-4,
      endLr: 1,
      steps,
      signal,
      onStep: ({ step, lr, loss }) =>
        progress.update(
          'range test',
          step + 1,
          `rate ${formatRate(lr)}  loss ${formatNumber(loss ?? Number.NaN, 4)}`,
        ),
    });
    return { trace, finding: analyzeRangeTest(trace) };
  } finally {
    progress.stop();
    await lenet.dispose();
  }
}
