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

/** A range test and its finding. */
export interface Rates {
  readonly trace: RangeTestTrace;
  readonly finding: RangeTestFinding;
}

/** The step budgets of the range test and of the training. */
interface Budget {
  readonly sweep: number;
  readonly training: number;
}

/** Runs the LR range test on a new LeNet. The test finds its own rates. */
export async function findRates(
  batches: Batches<Batch>,
  { sweep: steps, training }: Budget,
  signal: AbortSignal,
): Promise<Rates> {
  const lenet = await createLenet();
  const progress = createProgress([{ name: 'range test', steps }]);
  let taken = 0;
  try {
    const trace = await rangeTest(lenet, batches, {
      steps,
      signal,
      onStep: ({ lr, loss }) =>
        progress.update(
          'range test',
          ++taken,
          `rate ${formatRate(lr)}  loss ${formatNumber(loss ?? Number.NaN, 4)}`,
        ),
    });
    return { trace, finding: analyzeRangeTest(trace, { steps: training }) };
  } finally {
    progress.stop();
    await lenet.dispose();
  }
}
