import { type Optimizer, type StateDescription, snapshotDifferences } from '@clr/core';
import { fail } from '../errors.ts';
import type { Forms } from '../lower/question.ts';
import { show } from '../show.ts';
import type { FloatArray, Part } from '../training/buckets.ts';
import type { StateTensor } from '../training/trainingModel.ts';

/** The tensors in one vector of a snapshot. */
export interface SavedLayout {
  /** `parameters`, `buffers` (running statistics) or the optimizer's slot: `velocity`, `mean`, `square`. */
  readonly role: string;
  /** The vector's name in {@link OnnxSnapshot.state}. */
  readonly input: string;
  /** The tensors in the vector. The tensors of a slot have the names of their parameters. */
  readonly parts: readonly Part[];
}

/** The whole state of an `OnnxTrainer`: plain data with typed arrays, structured-cloneable and storable. */
export interface OnnxSnapshot {
  /** Marks snapshots of this package. */
  readonly format: 'clr/onnx';
  /**
   * Version 1 had no `optimizer`, `graph` and `layout`. Such a snapshot can still be read. It is matched by the names
   * and lengths of its vectors.
   */
  readonly version: 2;
  /** The number of updates so far. */
  readonly step: number;
  /** The optimizer's type, with everything else that changes the meaning of its slots. */
  readonly optimizer: string;
  /** The hash of the model's nodes. */
  readonly graph: string;
  /** The layout of the vectors in `state`: their tensors and offsets. */
  readonly layout: readonly SavedLayout[];
  /** The chosen forms. A run that continues with the same forms is bit-identical to an uninterrupted run. */
  readonly forms?: Forms;
  /** The vectors by the names of the training model's inputs. */
  readonly state: Readonly<Record<string, Float32Array | Float64Array>>;
}

/** The data that a snapshot is checked against. */
export interface SnapshotOwner {
  readonly optimizer: string;
  readonly graph: string;
  readonly state: readonly Pick<StateTensor, 'role' | 'input' | 'parts' | 'initial'>[];
}

/** The optimizer's name in a snapshot. */
export function optimizerName(optimizer: Optimizer): string {
  return optimizer.type === 'sgd' && optimizer.velocity === 'update'
    ? 'sgd (velocity: update)'
    : optimizer.type;
}

const lengthOf = ({ dims }: Pick<Part, 'dims'>): number => dims.reduce((size, dim) => size * dim, 1);
const dtypeOf = (data: FloatArray): string => (data instanceof Float64Array ? 'float64' : 'float32');

/** A tensor of the state under a unique name: `conv1.weight`, `velocity of conv1.weight`. */
const tensorName = (role: string, name: string): string =>
  role === 'parameters' || role === 'buffers' ? name : `${role} of ${name}`;

/** One tensor of a snapshot. */
interface SavedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** A view into the snapshot. */
  readonly data: FloatArray;
}

/** A snapshot that has been checked against its owner. */
export interface FittingSnapshot {
  readonly step: number;
  /** The forms, if the snapshot is of the same model. */
  readonly forms: Forms | undefined;
  /** Whether it was taken with the same optimizer. */
  readonly sameOptimizer: boolean;
  /** The saved tensor for a part of the state, if the snapshot has it. */
  find(role: string, name: string): FloatArray | undefined;
}

/**
 * Checks a snapshot against the trainer that restores it: names, types and shapes of its tensors, the optimizer, the
 * model's graph.
 *
 * @param partial - whether to restore the tensors that fit and ignore the rest
 * @throws {ClrError} if it is not a snapshot, or does not fit, or if nothing fits; the message lists the differences
 */
export function fitSnapshot(owner: SnapshotOwner, given: object, partial: boolean): FittingSnapshot {
  const snapshot = parseSnapshot(owner, given);
  const saved = tensorsOf(snapshot);
  const differences = snapshotDifferences(describe(owner), {
    adapter: 'onnx',
    optimizer: snapshot.optimizer,
    tensors: saved,
  });
  if (differences.length === 0 && snapshot.graph !== owner.graph) {
    differences.push('its tensors have the same names, but the nodes of its model differ');
  }
  if (differences.length > 0 && !partial) {
    throw fail(
      'a snapshot of this model and this optimizer',
      `one that differs: ${differences.join('; ')}`,
      'Restore a snapshot of the same model with the same options, or pass { partial: true } to restore the parts that fit.',
    );
  }
  const here = new Map(describe(owner).tensors.map((tensor) => [tensor.name, tensor]));
  const fitting = new Map(
    saved
      .filter(({ name, shape, dtype }) => {
        const place = here.get(name);
        return place?.dtype === dtype && String(place.shape) === String(shape);
      })
      .map(({ name, data }) => [name, data]),
  );
  if (fitting.size === 0) {
    throw fail(
      'a snapshot with a tensor that fits this model by name, type and shape',
      `one without: ${differences.join('; ')}`,
      'Restore a snapshot of this model, or of a model that shares layers with it.',
    );
  }
  const sameOptimizer = snapshot.optimizer === owner.optimizer;
  return {
    step: snapshot.step,
    forms: snapshot.graph === owner.graph ? snapshot.forms : undefined,
    sameOptimizer,
    find: (role, name) => {
      const isSlot = role !== 'parameters' && role !== 'buffers';
      return isSlot && !sameOptimizer ? undefined : fitting.get(tensorName(role, name));
    },
  };
}

function describe({ optimizer, state }: SnapshotOwner): StateDescription {
  const tensors = state.flatMap(({ role, parts, initial }) =>
    parts.map((part) => ({
      name: tensorName(role, part.name),
      dtype: dtypeOf(initial),
      shape: part.dims,
    })),
  );
  return { adapter: 'onnx', optimizer, tensors };
}

function tensorsOf({ layout, state }: OnnxSnapshot): SavedTensor[] {
  return layout.flatMap(({ role, input, parts }) => {
    const vector = state[input] as FloatArray;
    return parts.map((part) => ({
      name: tensorName(role, part.name),
      dtype: dtypeOf(vector),
      shape: part.dims,
      data: vector.subarray(part.offset, part.offset + lengthOf(part)),
    }));
  });
}

/** Upgrades a snapshot to the current version, and checks that its parts are within its vectors. */
function parseSnapshot(owner: SnapshotOwner, given: object): OnnxSnapshot {
  const { format, version, step } = (given ?? {}) as { format?: unknown; version?: unknown; step?: unknown };
  const known = format === 'clr/onnx' && (version === 1 || version === 2);
  if (!known || !Number.isSafeInteger(step) || (step as number) < 0) {
    throw fail('a snapshot of an OnnxTrainer', show(given), 'Pass the result of snapshot().');
  }
  const snapshot =
    version === 2
      ? (given as OnnxSnapshot)
      : { ...(given as OnnxSnapshot), optimizer: owner.optimizer, graph: owner.graph, layout: owner.state };
  const { layout, state, forms = {} } = snapshot;
  if (
    typeof forms !== 'object' ||
    forms === null ||
    Object.values(forms).some((form) => typeof form !== 'string')
  ) {
    throw fail(
      'a snapshot whose forms are an object of strings',
      `forms = ${show(forms)}`,
      'Pass the result of snapshot().',
    );
  }
  const whole =
    Array.isArray(layout) &&
    layout.every(({ input, parts }) => {
      const vector = Object.hasOwn(state ?? {}, input) ? state[input] : undefined;
      const isVector = vector instanceof Float32Array || vector instanceof Float64Array;
      return isVector && Array.isArray(parts) && covers(parts, vector.length);
    });
  if (!whole) {
    throw fail(
      'a whole snapshot of an OnnxTrainer',
      'one whose vectors are missing, too short or too long',
      'Pass the result of snapshot(). Typed arrays do not survive JSON: keep snapshots with @clr/checkpoint.',
    );
  }
  return snapshot;
}

/** Whether the parts fill a vector without gaps or overlaps. */
function covers(parts: readonly Part[], length: number): boolean {
  let end = 0;
  for (const part of parts) {
    if (part.offset !== end || !part.dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) return false;
    end += lengthOf(part);
  }
  return end === length;
}
