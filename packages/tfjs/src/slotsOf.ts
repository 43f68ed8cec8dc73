import {
  isTensor,
  type OptimizerFields,
  type OptimizerLike,
  optimizerKind,
  unlikeTfjs,
} from './optimizerKind.ts';

/** The fields in which an optimizer keeps state between updates. */
export interface OptimizerSlots {
  /**
   * The names of the lists of `{ originalName, variable }`, each with the suffix that `originalName` has after the
   * variable's name. A list has one entry for each trained variable.
   */
  readonly slots: Readonly<Record<string, string>>;
  /** Single variables that the update changes. */
  readonly scalars: readonly string[];
}

const none = { slots: {}, scalars: [] };

const known: Readonly<Record<string, OptimizerSlots>> = {
  SGD: none,
  Momentum: { ...none, slots: { accumulations: 'momentum' } },
  Adagrad: { ...none, slots: { accumulatedGrads: 'accumulator' } },
  Adadelta: { ...none, slots: { accumulatedGrads: 'accum_grad', accumulatedUpdates: 'accum_var' } },
  RMSProp: {
    ...none,
    slots: { accumulatedMeanSquares: 'rms', accumulatedMoments: 'momentum', accumulatedMeanGrads: 'mg' },
  },
  Adam: {
    slots: { accumulatedFirstMoment: 'm', accumulatedSecondMoment: 'v' },
    scalars: ['accBeta1', 'accBeta2'],
  },
  Adamax: {
    slots: { accumulatedFirstMoment: 'm', accumulatedWeightedInfNorm: 'v' },
    scalars: ['accBeta1', 'iteration'],
  },
};

/** The slots of an optimizer. Refuses an optimizer of a future tfjs with other internals. */
export function slotsOf(optimizer: OptimizerLike): OptimizerSlots {
  optimizerKind(optimizer);
  const name = optimizer.getClassName();
  const { slots, scalars } = known[name]!;
  const fields = optimizer as OptimizerFields;
  const must = (met: boolean, what: string): void => {
    if (!met) throw unlikeTfjs(name, what);
  };
  for (const slot of Object.keys(slots)) must(Array.isArray(fields[slot]), `a list in \`${slot}\``);
  for (const scalar of scalars) must(isTensor(fields[scalar]), `a variable in \`${scalar}\``);
  return { slots, scalars };
}
