import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import type { NamedVariable } from './layerTree.ts';
import { type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import type { TrainingParts } from './trainingState.ts';

/** What tfjs keeps for one trained variable; it finds it by the variable's index in the list that it trains. */
export interface Slot {
  /** The variable's name, a slash, and one word. */
  readonly originalName: string;
  readonly variable: tfjs.Variable;
}

/** Whose a slot is: an index into the trained variables, or `undefined` if it is none of them. */
type Owner = (slot: Slot) => number | undefined;

function ownersOf(trained: readonly NamedVariable[]): Owner {
  const owners = new Map<string, number>();
  trained.forEach(({ savedName }, index) => {
    if (savedName !== undefined && !owners.has(savedName)) owners.set(savedName, index);
  });
  // The variable's own name is certain, and so comes last.
  trained.forEach(({ tensor }, index) => {
    owners.set(tensor.name, index);
  });
  return ({ originalName }) => owners.get(variableOf(originalName));
}

const variableOf = (originalName: string): string => originalName.slice(0, originalName.lastIndexOf('/'));

/**
 * Brings an optimizer's slots into the order of the variables that are trained now. tfjs finds them by index
 * alone, so after a layer was frozen or thawed each would act on another weight. Slots of weights that are
 * frozen now are freed.
 *
 * @param parts - the same variables by name, asked for only if something is out of place
 * @throws {ClrError} if they are those of another model that is still there
 */
export function alignSlots(
  tf: Pick<typeof tfjs, 'engine'>,
  optimizer: OptimizerLike,
  trained: readonly tfjs.Variable[],
  parts: () => Pick<TrainingParts, 'trained' | 'weights'>,
): void {
  const lists = Object.keys(optimizerKind(optimizer).slots).map(
    (name) => (optimizer as OptimizerFields)[name] as (Slot | undefined)[],
  );
  const inPlace = (slot: Slot | undefined, index: number): boolean =>
    slot === undefined || trained[index]?.name === variableOf(slot.originalName);
  if (lists.every((list) => list.every(inPlace))) return;
  const named = parts();
  const ownerOf = ownersOf(named.trained);
  const own = new Set(named.weights.map(({ tensor }) => tensor.name));
  const { registeredVariables } = tf.engine() as { registeredVariables?: Record<string, unknown> };
  const moves = lists.map((list) => {
    const next: (Slot | undefined)[] = [];
    const free: Slot[] = [];
    list.forEach((slot, index) => {
      if (slot === undefined) return;
      const name = variableOf(slot.originalName);
      // A slot from a file may carry a name that nothing here has; it is taken at its index, as tfjs does.
      const unknown = !own.has(name) && registeredVariables?.[name] === undefined;
      const owner = ownerOf(slot) ?? (unknown ? index : undefined);
      const target = owner === undefined ? undefined : trained[owner];
      const fits = target && String(target.shape) === String(slot.variable.shape);
      if (target ? !fits || next[owner!] !== undefined : !own.has(name)) foreign(name);
      if (target) next[owner!] = slot;
      else free.push(slot);
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
}

function foreign(name: string): never {
  throw fail({
    expected: 'an optimizer whose state is that of this model',
    received: `one that holds the state of ${name}`,
    advice: 'Give each model an optimizer of its own.',
  });
}
