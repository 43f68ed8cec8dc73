import { type Batches, type RangeTestTrace, type TrainingRun, train } from '@clr/core';
import type { Batch } from '@clr/onnx';
import { formatNumber, formatRate } from '@clr/report';
import { createLenet } from './lenet.ts';
import { createProgress } from './progress.ts';
import { type NamedPolicy, type ScheduleName, schedulesFor } from './schedules.ts';

/** One training run of the comparison. */
export interface Result {
  readonly name: ScheduleName;
  readonly epochs: number;
  readonly run: TrainingRun;
  /** Accuracy on the test images at the end, from 0 to 1. */
  readonly accuracy: number;
}

interface Plan {
  readonly trace: RangeTestTrace;
  /** The budgets, in epochs. */
  readonly budgets: readonly number[];
  /** Half an epoch, in steps. */
  readonly stepSize: number;
  readonly batches: Batches<Batch>;
  readonly test: readonly Batch[];
  readonly signal: AbortSignal;
}

/**
 * Trains every schedule with every budget, each from the same weights on the same batches.
 *
 * @returns the results, and the model that the decay trained with the last budget
 */
export async function trainAll({ trace, budgets, stepSize, batches, test, signal }: Plan): Promise<{
  readonly results: readonly Result[];
  readonly model: Uint8Array;
}> {
  const trainings = budgets.flatMap((epochs) =>
    schedulesFor(trace, { epochs, stepSize }).map((schedule) => ({ ...schedule, epochs })),
  );
  const labelOf = ({ name, epochs }: { readonly name: string; readonly epochs: number }): string =>
    `${name}, ${epochs === 1 ? '1 epoch' : `${epochs} epochs`}`;
  const progress = createProgress(
    trainings.map((each) => ({ name: labelOf(each), steps: 2 * stepSize * each.epochs })),
  );
  const results: Result[] = [];
  let model = new Uint8Array();
  const lenet = await createLenet();
  try {
    const start = await lenet.snapshot();
    for (const training of trainings) {
      await lenet.restore(start);
      const run = await trainOne(training, labelOf(training));
      if (signal.aborted) break;
      results.push({ name: training.name, epochs: training.epochs, run, accuracy: run.final?.accuracy ?? 0 });
    }
    model = new Uint8Array(await lenet.exportModel());
  } finally {
    progress.stop();
    await lenet.dispose();
  }
  return { results, model };

  function trainOne({ policy, epochs }: NamedPolicy & { readonly epochs: number }, label: string) {
    let mean = 0;
    return train(lenet, batches, {
      policy,
      steps: 2 * stepSize * epochs,
      evaluate: test,
      signal,
      onStep({ step, lr, loss }) {
        // Show a running mean of about fifty losses, because the loss of a single batch jumps.
        mean += ((loss ?? Number.NaN) - mean) / Math.min(step + 1, 50);
        progress.update(label, step + 1, `rate ${formatRate(lr)}  loss ${formatNumber(mean, 3)}`);
      },
    });
  }
}
