import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import type { NamedVariable } from './layerTree.ts';
import type { OptimizerFields, OptimizerLike } from './optimizerKind.ts';
import { slotsOf } from './slotsOf.ts';
import type { TrainingParts } from './trainingParts.ts';

/** A slot: optimizer state of one trained variable. tfjs finds it by the variable's index among the trained ones. */
export interface Slot {
  /** The variable's name, a slash, and the slot's name. */
  readonly originalName: string;
  readonly variable: tfjs.Variable;
}

type SlotList = (Slot | undefined)[];

/** The variable of each slot whose creation clr observed. */
const owners = new WeakMap<Slot, tfjs.Variable>();

/** Records which variable each slot belongs to, after an update of these variables. */
export function claimSlots(optimizer: OptimizerLike, trained: readonly tfjs.Variable[]): void {
  for (const list of listsOf(optimizer)) {
    list.forEach((slot, index) => {
      if (slot && trained[index]) owners.set(slot, trained[index]);
    });
  }
}

/**
 * Sorts an optimizer's slots into the order of the variables that are trained now. tfjs finds slots by index alone, so
 * after freezing or unfreezing a layer each slot would act on another weight. Frees the slots of weights that are now
 * frozen.
 *
 * @param parts - the model's variables by name; called only if slots may be out of order
 * @throws {ClrError} if the slots belong to another model
 */
export function alignSlots(
  optimizer: OptimizerLike,
  trained: readonly tfjs.Variable[],
  parts: () => Pick<TrainingParts, 'trained' | 'weights'>,
): void {
  const inPlace = (slot: Slot | undefined, index: number): boolean =>
    slot === undefined || (owners.has(slot) && owners.get(slot) === trained[index]);
  const lists = listsOf(optimizer);
  if (lists.every((list) => list.every(inPlace))) return;
  const { weights } = parts();
  const moves = lists.map((list) => {
    const found = ownersIn(list, trained, weights);
    const next: SlotList = [];
    const free: Slot[] = [];
    list.forEach((slot, index) => {
      if (slot === undefined) return;
      const owner = found[index];
      const target = owner ? trained.indexOf(owner) : -1;
      if (!owner || String(owner.shape) !== String(slot.variable.shape) || next[target]) {
        throw foreign(slot.originalName);
      }
      if (target < 0) free.push(slot);
      else next[target] = slot;
    });
    return { list, next, free };
  });
  for (const { list, next, free } of moves) {
    list.splice(0, list.length);
    next.forEach((slot, index) => {
      list[index] = slot;
    });
    for (const { variable } of free) variable.dispose();
  }
  claimSlots(optimizer, trained);
}

/** The weight that each slot of a list belongs to. */
function ownersIn(
  list: SlotList,
  trained: readonly tfjs.Variable[],
  weights: readonly NamedVariable[],
): (tfjs.Variable | undefined)[] {
  const own = new Set(weights.map(({ tensor }) => tensor));
  const unclaimed = list.filter((slot) => slot !== undefined && !owners.has(slot)) as Slot[];
  // Slots from a file carry the variable names of the page that saved it. Trust them only if all are names of this
  // model.
  const named = [
    new Map(weights.map(({ tensor }) => [tensor.name, tensor])),
    new Map(weights.map(({ savedName, tensor }) => [savedName ?? tensor.name, tensor])),
  ].find((names) => {
    const tensors = unclaimed.map(({ originalName }) => names.get(variableOf(originalName)));
    return !tensors.includes(undefined) && new Set(tensors).size === tensors.length;
  });
  return list.map((slot, index) => {
    if (slot === undefined) return undefined;
    const owner = owners.get(slot);
    if (owner) return own.has(owner) ? owner : undefined;
    return named ? named.get(variableOf(slot.originalName)) : trained[index];
  });
}

const variableOf = (originalName: string): string => originalName.slice(0, originalName.lastIndexOf('/'));

function listsOf(optimizer: OptimizerLike): SlotList[] {
  const fields = optimizer as OptimizerFields;
  return Object.keys(slotsOf(optimizer).slots).map((name) => fields[name] as SlotList);
}

function foreign(slot: string): Error {
  return fail({
    expected: 'an optimizer whose state is that of this model',
    received: `an optimizer that holds ${slot}`,
    advice: 'Give each model an optimizer of its own.',
  });
}
