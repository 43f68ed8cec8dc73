import type { Batches } from '../trainable/batches.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import type { AutoClrOptions } from './autoClrOptions.ts';
import type { Cost } from './autoClrResult.ts';
import { type Choice, checkOptions } from './checkOptions.ts';
import type { Passed } from './keepOnTheWay.ts';
import { type AutoClrState, settingsOf, stateOf } from './resume.ts';

/** The data shared by the parts of one `autoClr` run. */
export interface Session<Batch> extends Choice {
  readonly trainable: Trainable<Batch>;
  readonly batches: Batches<Batch>;
  readonly options: AutoClrOptions<Batch>;
  /** The updates spent so far. */
  readonly cost: { -readonly [part in keyof Cost]: Cost[part] };
  /** The original state of the model, if it has changed. */
  untouched?: Snapshot;
  /** Losses before anything was learned, if a sweep recorded them. */
  untrained: readonly number[];
  /**
   * The state from which training can continue after a sweep (the state at the rate `lr`), and the state `before` the
   * sweep.
   */
  warm?: Passed & { readonly before: Snapshot };
  /** The options that a resumed run must have too. */
  readonly settings: AutoClrState['settings'];
  /** The state of the run that this one continues. */
  readonly resumed?: AutoClrState;
  /** Returns the updates of the budget that are not spent yet. */
  readonly left: () => number;
}

/** Checks all arguments of `autoClr` before anything changes, and makes the session. */
export function createSession<Batch>(
  trainable: Trainable<Batch>,
  batches: Batches<Batch>,
  options: AutoClrOptions<Batch>,
): Session<Batch> {
  const choice = checkOptions(trainable, batches, options);
  const settings = settingsOf(options, choice.plan);
  const resumed = stateOf(options.from, settings);
  const cost = { rangeTest: 0, settling: 0, verdict: 0, training: 0, ...resumed?.cost };
  const left = () => options.steps - cost.rangeTest - cost.settling - cost.verdict - cost.training;
  return {
    ...{ ...choice, trainable, batches, options, settings, cost, left },
    untrained: resumed?.untrained ?? [],
    ...(resumed && { resumed, untouched: resumed.untouched ?? resumed.home }),
  };
}

/** The model, wrapped so that every update is counted as a cost of the given part of the run. */
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
