import { type Batches, type Policy, type TrainingRun, train, triangular, triangular2 } from '@clr/core';
import type { Batch } from '@clr/onnx';
import { formatNumber, formatRate } from '@clr/report';
import { createLenet } from './lenet.ts';
import { createProgress } from './progress.ts';

/** The two runs, at the same budget, on the same batches, from the same weights. */
export interface Runs {
  readonly clr: TrainingRun;
  readonly fixed: TrainingRun;
  /** The model that CLR trained. */
  readonly model: Uint8Array;
}

interface Plan {
  readonly suggestion: { readonly baseLr: number; readonly maxLr: number; readonly fixedLr: number };
  /** Half a cycle, in steps. */
  readonly stepSize: number;
  readonly cycles: number;
  readonly batches: Batches<Batch>;
  readonly test: readonly Batch[];
  readonly signal: AbortSignal;
}

/** Trains triangular2 CLR and the fixed rate side by side, evaluating both where CLR's cycles end. */
export async function trainBoth({
  suggestion,
  stepSize,
  cycles,
  batches,
  test,
  signal,
}: Plan): Promise<Runs> {
  const { baseLr, maxLr, fixedLr } = suggestion;
  const steps = 2 * stepSize * cycles;
  const progress = createProgress([
    { name: 'CLR', steps },
    { name: 'fixed', steps },
  ]);
  const lenets = await Promise.all([createLenet(), createLenet()]);
  const [forClr, forFixed] = lenets;
  const run = (lenet: typeof forClr, name: string, policy: Policy): Promise<TrainingRun> => {
    let mean = 0;
    return train(lenet, batches, {
      policy,
      steps,
      evaluate: test,
      signal,
      onStep({ step, lr, loss }) {
        // A running mean of the last fifty or so; a single batch's loss jumps about.
        mean += ((loss ?? Number.NaN) - mean) / Math.min(step + 1, 50);
        progress.update(name, step + 1, `rate ${formatRate(lr)}  loss ${formatNumber(mean, 3)}`);
      },
    });
  };
  try {
    const [clr, fixed] = await Promise.all([
      run(forClr, 'CLR', triangular2({ baseLr, maxLr, stepSize })),
      // Both bounds alike is a constant rate, with cycles: so it is evaluated where the other one is.
      run(forFixed, 'fixed', triangular({ baseLr: fixedLr, maxLr: fixedLr, stepSize })),
    ]);
    return { clr, fixed, model: await forClr.exportModel() };
  } finally {
    progress.stop();
    await Promise.all(lenets.map((lenet) => lenet.dispose()));
  }
}
