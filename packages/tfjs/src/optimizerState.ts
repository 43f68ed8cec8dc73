import type * as tfjs from '@tensorflow/tfjs';
import { ownMomentum, setOwnMomentum } from './applyHyperparameters.ts';
import type { NamedVariable } from './layerTree.ts';
import { momentumField, type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import type { Slot } from './optimizerSlots.ts';
import { forgetLastUpdate } from './setHyperparameters.ts';
import { setMomentum, setRate } from './setNumbers.ts';
import { slotsOf } from './slotsOf.ts';
import { readTensors, type TensorData, toTensor } from './tensorData.ts';

/** The whole state of an optimizer as plain data, which can be cloned, stored and sent. */
export interface OptimizerState {
  /** The optimizer's class, such as `Adam`. */
  readonly className: string;
  /** The number of updates applied. */
  readonly iterations: number;
  /**
   * `learningRate`, `momentum` or `beta1`, and `ownMomentum`: the momentum when no schedule sets it. Old snapshots lack
   * the last.
   */
  readonly numbers: Readonly<Record<string, number>>;
  /**
   * For each slot list of the optimizer, one tensor per trained weight, named by the weight's place. Empty before the
   * first update.
   */
  readonly slots: Readonly<Record<string, readonly TensorData[]>>;
  /** Running products and counters, such as Adam's `accBeta1`. */
  readonly scalars: Readonly<Record<string, TensorData>>;
}

/** Reads an optimizer's slots, counters and numbers. Also reads what tfjs's `getWeights()` omits (Adamax, β₁). */
export async function readOptimizerState(
  optimizer: OptimizerLike,
  trained: readonly NamedVariable[],
): Promise<OptimizerState> {
  const kind = optimizerKind(optimizer);
  const { slots, scalars: scalarNames } = slotsOf(optimizer);
  const fields = optimizer as OptimizerFields;
  const { className, iterations } = { className: optimizer.getClassName(), iterations: optimizer.iterations };
  const numbers: Record<string, number> = { learningRate: fields.learningRate as number };
  if (kind.momentum !== null) {
    numbers[momentumField(kind)] = fields[momentumField(kind)] as number;
    numbers.ownMomentum = ownMomentum(optimizer) as number;
  }
  const lists = Object.keys(slots);
  const named = lists.map((list) => {
    const slots = fields[list] as (Slot | undefined)[];
    // A variable without a gradient has no slot.
    return trained.flatMap(({ place }, index) =>
      slots[index] ? [{ name: place, tensor: slots[index].variable }] : [],
    );
  });
  const scalars = scalarNames.map((name) => fields[name] as tfjs.Variable);
  const [slotData, scalarData] = await Promise.all([
    Promise.all(named.map((slots) => readTensors(slots))),
    readTensors(scalars.map((tensor, index) => ({ name: scalarNames[index]!, tensor }))),
  ]);
  return {
    className,
    iterations,
    numbers,
    slots: Object.fromEntries(lists.map((list, index) => [list, slotData[index]!])),
    scalars: Object.fromEntries(scalarNames.map((name, index) => [name, scalarData[index]!])),
  };
}

/**
 * Restores a state, bit for bit: overwrites slots that exist, creates missing ones and frees superfluous ones. Slots of
 * weights that are missing from the state are left unchanged.
 *
 * @param savedPlace - maps a weight's place in this model to its place in the state; `undefined` if the state lacks it
 */
export function writeOptimizerState(
  tf: Pick<typeof tfjs, 'tensor' | 'variable'>,
  optimizer: OptimizerLike,
  trained: readonly NamedVariable[],
  state: OptimizerState,
  savedPlace: (place: string) => string | undefined,
): void {
  const kind = optimizerKind(optimizer);
  const { slots, scalars: scalarNames } = slotsOf(optimizer);
  const fields = optimizer as OptimizerFields;
  for (const [list, word] of Object.entries(slots)) {
    const slots = fields[list] as (Slot | undefined)[];
    const saved = new Map((state.slots[list] ?? []).map((data) => [data.name, data]));
    const next = trained.map(({ place, tensor }, index): Slot | undefined => {
      const from = savedPlace(place);
      if (from === undefined) return slots[index];
      const data = saved.get(from);
      if (data === undefined) return undefined;
      const fresh = toTensor(tf, data);
      const slot = slots[index] ?? {
        originalName: `${tensor.name}/${word}`,
        variable: tf.variable(fresh, false),
      };
      slot.variable.assign(fresh);
      fresh.dispose();
      return slot;
    });
    for (const slot of slots) if (slot && !next.includes(slot)) slot.variable.dispose();
    slots.splice(0, slots.length);
    next.forEach((slot, index) => {
      if (slot) slots[index] = slot;
    });
  }
  setRate(fields, kind, state.numbers.learningRate!);
  const momentum = state.numbers[momentumField(kind)];
  if (kind.momentum !== null && momentum !== undefined) {
    const own = state.numbers.ownMomentum ?? ownMomentum(optimizer);
    setMomentum(fields, kind, momentum);
    setOwnMomentum(optimizer, own as number);
  }
  // Restore scalars last, because setting the momentum changes one of them.
  for (const name of scalarNames) {
    const fresh = toTensor(tf, state.scalars[name]!);
    (fields[name] as tfjs.Variable).assign(fresh);
    fresh.dispose();
  }
  fields.iterations_ = state.iterations;
  forgetLastUpdate(optimizer);
}
