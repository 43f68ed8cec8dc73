/** One tensor of a model's state, without its values. */
export interface StateTensor {
  /** Unique within its state: layer and weight, such as `dense/kernel`. */
  readonly name: string;
  /** The type of its numbers, such as `float32`. */
  readonly dtype: string;
  /** The sizes of its axes. */
  readonly shape: readonly number[];
}

/** Describes a state: its adapter, optimizer, tensors and model. */
export interface StateDescription {
  /** The package that wrote it, such as `tfjs`. */
  readonly adapter: string;
  /** The optimizer's kind, with the options that change the structure of its state: `adam`, `sgd with momentum`. */
  readonly optimizer: string;
  /** All tensors of the state. */
  readonly tensors: readonly StateTensor[];
  /** The model's layers or nodes in order, one short line each. Absent if the adapter does not know them. */
  readonly topology?: readonly string[];
}

/** The number of lines in a message. Further lines are only counted. */
const maxLines = 6;

/**
 * Lists why a snapshot does not fit a model: another adapter or optimizer, tensors that are missing, superfluous, or of
 * another shape or type, and layers that differ. Empty when it fits. The order of the tensors does not matter.
 *
 * For adapters: call it before `restore` changes anything, and put the lines into the error.
 *
 * @param model - the state of the model now
 * @param snapshot - the state in the snapshot
 *
 * @example
 * ```ts
 * const state = (name) => ({
 *   adapter: 'mine',
 *   optimizer: 'adam',
 *   tensors: [{ name, dtype: 'float32', shape: [2, 3] }],
 * });
 * snapshotDifferences(state('a/kernel'), state('a/kernel')); // []
 * snapshotDifferences(state('a/kernel'), state('b/kernel'))[0]; // 'a/kernel is missing'
 * ```
 */
export function snapshotDifferences(model: StateDescription, snapshot: StateDescription): string[] {
  if (model.adapter !== snapshot.adapter) {
    return [`it is a snapshot of ${snapshot.adapter}, and the model belongs to ${model.adapter}`];
  }
  const lines: string[] = [];
  if (model.optimizer !== snapshot.optimizer) {
    lines.push(`its optimizer is ${snapshot.optimizer}, and the model's ${model.optimizer}`);
  }
  const [here, there] = [byName(model.tensors), byName(snapshot.tensors)];
  if (there.size < snapshot.tensors.length) lines.push('two of its tensors have the same name');
  for (const [name, wanted] of here) {
    const given = there.get(name);
    if (given === undefined) lines.push(`${name} is missing`);
    else if (form(given) !== form(wanted)) {
      lines.push(`${name} is ${form(given)}, and in the model ${form(wanted)}`);
    }
  }
  for (const name of there.keys()) if (!here.has(name)) lines.push(`${name} is not in the model`);
  // Lines about tensors say more than lines about layers.
  if (lines.length === 0 && model.topology && snapshot.topology) {
    lines.push(...topologyDifference(model.topology, snapshot.topology));
  }
  return lines.length > maxLines
    ? [...lines.slice(0, maxLines - 1), `and ${lines.length - maxLines + 1} more`]
    : lines;
}

function topologyDifference(here: readonly string[], there: readonly string[]): string[] {
  const length = Math.max(here.length, there.length);
  for (let at = 0; at < length; at++) {
    if (here[at] === there[at]) continue;
    return [`its layer ${at} is ${there[at] ?? 'none'}, and in the model ${here[at] ?? 'none'}`];
  }
  return [];
}

const byName = (tensors: readonly StateTensor[]): Map<string, StateTensor> =>
  new Map(tensors.map((tensor) => [tensor.name, tensor]));

const form = ({ dtype, shape }: StateTensor): string => `${dtype}[${shape.join(', ')}]`;
