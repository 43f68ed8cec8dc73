import { fail } from './errors.ts';
import { momentumField, optimizerKind } from './optimizerKind.ts';
import type { OptimizerState } from './optimizerState.ts';
import { slotsOf } from './slotsOf.ts';
import type { TensorData } from './tensorData.ts';
import type { SavedWeight, TfjsSnapshot } from './tfjsSnapshot.ts';
import type { TrainingParts } from './trainingParts.ts';

/** A snapshot of the first version, without places, and with slots in the order of the weights. */
interface FirstSnapshot {
  readonly version: 1;
  readonly weights: readonly (Omit<TensorData, 'name'> & { readonly name?: string })[];
  readonly optimizer: OptimizerState;
}

/**
 * Checks that this is a complete and consistent snapshot of the current version. Whether it fits the model is checked
 * later.
 */
export function parseSnapshot(given: object, parts: TrainingParts): TfjsSnapshot {
  const { version, adapter, type } = (given ?? {}) as {
    version?: unknown;
    adapter?: unknown;
    type?: unknown;
  };
  const owner = adapter ?? type;
  if ((version !== 1 && version !== 2) || (owner !== undefined && owner !== 'tfjs')) {
    throw fail({
      expected: 'a snapshot of @clr/tfjs',
      received: owner === undefined ? `version = ${inWords(version)}` : `a snapshot of ${inWords(owner)}`,
      advice: 'Pass a snapshot made by snapshot() of a trainable of this package.',
    });
  }
  const { weights, optimizer } = given as FirstSnapshot | TfjsSnapshot;
  if (!Array.isArray(weights) || typeof optimizer !== 'object' || optimizer === null) damaged('the fields');
  for (const weight of weights) checkTensor(weight as TensorData);
  const snapshot = version === 2 ? (given as TfjsSnapshot) : upgraded(given as FirstSnapshot, parts);
  const { topology = [], trained } = snapshot;
  if (!Array.isArray(snapshot.states) || !isTextList(topology) || !isTextList(trained)) damaged('the fields');
  for (const state of snapshot.states) checkTensor(state);
  for (const { name, place } of [...snapshot.weights, ...snapshot.states]) {
    if (typeof name !== 'string' || typeof place !== 'string') damaged('the names of the weights');
  }
  checkOptimizer(snapshot, parts);
  return snapshot;
}

function checkTensor(data: TensorData): void {
  const { shape, dtype, values } = data ?? {};
  const isShape = Array.isArray(shape) && shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0);
  const size = isShape ? shape.reduce((product, axis) => product * axis, 1) : Number.NaN;
  const arrays: Record<string, string> = { float32: 'Float32Array', int32: 'Int32Array', bool: 'Uint8Array' };
  const kind = Object.prototype.toString.call(values).slice(8, -1);
  if (typeof dtype !== 'string' || kind !== arrays[dtype] || values.length !== size) {
    damaged(`the values of ${inWords(data?.name)} (${kind})`);
  }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isTextList = (list: unknown): list is readonly string[] =>
  Array.isArray(list) && list.every((text) => typeof text === 'string');

/**
 * Formats a value of any kind for an error message. Objects are not converted, because `String()` may throw on them.
 */
const inWords = (value: unknown): string => (isObject(value) ? 'an object' : String(value));

function checkOptimizer({ optimizer, weights }: TfjsSnapshot, parts: TrainingParts): void {
  const { className, iterations, numbers, slots, scalars } = optimizer;
  if (!Number.isSafeInteger(iterations) || iterations < 0) damaged("the optimizer's count of updates");
  if (typeof className !== 'string') damaged("the optimizer's name");
  if (!isObject(numbers) || !Object.values(numbers).every((value) => Number.isFinite(value) && value >= 0))
    damaged("the optimizer's numbers");
  const shapes = new Map(weights.map(({ place, shape }) => [place, String(shape)]));
  if (!isObject(slots)) damaged("the optimizer's slots");
  for (const [list, tensors] of Object.entries(slots)) {
    if (!Array.isArray(tensors)) damaged(list);
    for (const slot of tensors) {
      checkTensor(slot);
      if (shapes.get(slot.name) !== String(slot.shape)) damaged(`${list} of ${inWords(slot.name)}`);
    }
  }
  if (className !== parts.optimizer.getClassName()) return;
  const kind = optimizerKind(parts.optimizer);
  const needed = ['learningRate', ...(kind.momentum === null ? [] : [momentumField(kind)])];
  if (needed.some((name) => numbers[name] === undefined)) damaged("the optimizer's numbers");
  for (const name of slotsOf(parts.optimizer).scalars) checkTensor(scalars?.[name] as TensorData);
}

function damaged(what: string): never {
  throw fail({
    expected: 'a whole snapshot',
    received: `a snapshot with damage in ${what}`,
    advice: 'JSON loses typed arrays: keep snapshots in IndexedDB, or clone them with structuredClone().',
  });
}

/** Finds the places of a first-version snapshot's weights: by name, else by shape if that is unambiguous. */
function upgraded({ weights, optimizer }: FirstSnapshot, parts: TrainingParts): TfjsSnapshot {
  const forms = (list: readonly { dtype: string; shape: readonly number[] }[]): string[] =>
    list.map(({ dtype, shape }) => `${dtype}[${shape}]`);
  const names = weights.map(({ name }) => name);
  const savedNames = parts.weights.map(({ savedName, name }) => savedName ?? name);
  const match = (saved: readonly (string | undefined)[], here: readonly string[]): number[] | undefined => {
    const found = saved.map((key) => here.indexOf(key ?? ''));
    const unique = new Set(here).size === here.length && new Set(found).size === found.length;
    return unique && saved.length === here.length && !found.includes(-1) ? found : undefined;
  };
  const found =
    match(names, savedNames) ?? match(forms(weights), forms(parts.weights.map(({ tensor }) => tensor)));
  if (found === undefined) {
    const shapes = weights.map(({ shape }) => `[${shape.join(', ')}]`).slice(0, 8);
    throw fail({
      expected: `a snapshot with weights named ${savedNames.slice(0, 8).join(', ')}`,
      received: `a snapshot of an older @clr/tfjs, with ${names.slice(0, 8).join(', ')} and the shapes ${shapes.join(' ')}`,
      advice: 'Weights of equal shape can only be matched by name. Give the layers their old names.',
    });
  }
  const places = found.map((index) => parts.weights[index]!);
  const saved = weights.map((weight, index): SavedWeight => {
    const { name, place } = places[index]!;
    return { ...weight, name, place };
  });
  const slots = Object.fromEntries(
    Object.entries(optimizer.slots ?? {}).map(([list, tensors]) => [
      list,
      // In every version, tfjs lists trained weights first.
      tensors.map((tensor, index) => ({ ...tensor, name: saved[index]?.place ?? '' })),
    ]),
  );
  const count = Math.max(0, ...Object.values(slots).map((list) => list.length));
  return {
    version: 2,
    adapter: 'tfjs',
    weights: saved,
    trained: saved.slice(0, count).map(({ place }) => place),
    states: [],
    optimizer: { ...optimizer, slots },
  };
}
