import type { Batches } from '../trainable/batches.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { Cost } from './autoClrResult.ts';
import { type Choice, checkOptions } from './checkOptions.ts';
import type { Passed } from './keepOnTheWay.ts';

/** What the parts of one `autoClr` run share. */
export interface Session<Batch> extends Choice {
  readonly trainable: Trainable<Batch>;
  readonly batches: Batches<Batch>;
  readonly options: AutoClrOptions<Batch>;
  /** What was spent so far. */
  readonly cost: { -readonly [part in keyof Cost]: Cost[part] };
  /** The model as it was, where it has changed since. */
  untouched?: Snapshot;
  /** Losses before anything was learned, where a sweep has seen them. */
  untrained: readonly number[];
  /** Where the training can go on from a sweep: the state that the sweep left at a rate, and the one that it began with. */
  warm?: Passed & { readonly before: Snapshot };
  /** The updates of the budget that are not spent yet. */
  readonly left: () => number;
}

/** Checks everything that `autoClr` was given, before anything is touched. */
export function createSession<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: AutoClrOptions<Batch>,
): Session<Batch> {
  const choice = checkOptions(trainable, batches, options);
  const cost = { rangeTest: 0, settling: 0, verdict: 0, training: 0 };
  const left = () => options.steps - cost.rangeTest - cost.settling - cost.verdict - cost.training;
  return { ...choice, trainable, batches, options, cost, untrained: [], left };
}

/** The model, with every update counted as the cost of one part. */
export function counting<Batch>(
  { trainable, cost }: Session<Batch>,
  part: 'rangeTest' | 'settling' | 'verdict',
): Trainable<Batch> {
  const { updateKind, momentum } = trainable;
  return {
    ...(updateKind && { updateKind }),
    ...(momentum !== undefined && { momentum }),
    ...(trainable.batchSharpness && { batchSharpness: (batch) => trainable.batchSharpness!(batch) }),
    trainStep(batch, hyper) {
      cost[part]++;
      return trainable.trainStep(batch, hyper);
    },
    evaluate: (batches) => trainable.evaluate(batches),
    snapshot: () => trainable.snapshot(),
    restore: (snapshot) => trainable.restore(snapshot),
    ...(trainable.dataFault && { dataFault: (batch) => trainable.dataFault!(batch) }),
    dispose() {},
  };
}
