import { averagingWeights } from '@clr/core';
import { badArgument } from '../errors.ts';
import type { StatePart } from '../optimizer/engine.ts';

/** A tensor in a snapshot: plain data. */
export interface SavedTensor {
  /**
   * The name of a parameter, such as `conv1.weight`, of a parameter and a slot, or of other state, such as
   * `counters`.
   */
  readonly name: string;
  /** The type of its numbers. Counters are stored as bytes. */
  readonly dtype: 'float32' | 'uint8';
  /** The sizes of its axes. */
  readonly shape: readonly number[];
  /** Its numbers in row-major order. */
  readonly values: Float32Array | Uint8Array;
}

/**
 * The state of a training run in host memory: plain data that `structuredClone`, IndexedDB and `v8.serialize` accept.
 * So it outlives its device, and can be restored on another device with any limits.
 */
export interface GpuSnapshot {
  /** The version of this format. */
  readonly version: 2;
  /** Tells snapshots of this adapter from others. */
  readonly adapter: 'webgpu';
  /** The optimizer's type, such as `'adam'`. */
  readonly optimizer: string;
  /** The next step of the policy. */
  readonly step: number;
  /** The network's layers, a line each. Absent for your own kernels. */
  readonly topology?: readonly string[];
  /** All tensors of the state. */
  readonly tensors: readonly SavedTensor[];
}

/** A snapshot of the first version: bytes in the device's layout. */
export interface FirstSnapshot {
  readonly version: 1;
  readonly type: 'webgpu';
  readonly optimizer: string;
  readonly step: number;
  readonly sizes: readonly number[];
  readonly data: readonly Uint8Array[];
}

/** Checks that this is a complete snapshot of this package, of either version. Whether it fits is checked later. */
export function parseSnapshot(given: object): GpuSnapshot | FirstSnapshot {
  const { version, adapter, type, step, optimizer } = (given ?? {}) as Record<string, unknown>;
  const owner = adapter ?? type;
  if (owner !== 'webgpu' || (version !== 1 && version !== 2)) {
    throw badArgument(
      'a snapshot of webgpu',
      `a snapshot of ${inWords(owner)}, version ${inWords(version)}`,
      'Pass a snapshot made by snapshot() of this package.',
    );
  }
  if (!Number.isSafeInteger(step) || (step as number) < 0 || typeof optimizer !== 'string') {
    throw damaged('the step or the optimizer');
  }
  if (version === 1) {
    const { sizes, data } = given as FirstSnapshot;
    if (!Array.isArray(sizes) || !Array.isArray(data)) throw damaged('the fields');
    if (sizes.length !== data.length || data.some((bytes, index) => bytes?.byteLength !== sizes[index])) {
      throw damaged('the bytes of the parts');
    }
    return given as FirstSnapshot;
  }
  const { tensors, topology = [] } = given as GpuSnapshot;
  const isTopology = Array.isArray(topology) && topology.every((line) => typeof line === 'string');
  if (!Array.isArray(tensors) || !isTopology) throw damaged('the fields');
  for (const tensor of tensors) checkTensor(tensor ?? {});
  return given as GpuSnapshot;
}

function checkTensor({ name, dtype, shape, values }: Partial<SavedTensor>): void {
  const isShape = Array.isArray(shape) && shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0);
  const size = isShape ? shape.reduce((product, axis) => product * axis, 1) : Number.NaN;
  const kind = Object.prototype.toString.call(values).slice(8, -1);
  const wanted = dtype === 'float32' ? 'Float32Array' : 'Uint8Array';
  if (typeof name !== 'string' || kind !== wanted || values?.length !== size) {
    throw damaged(`the values of ${inWords(name)} (${kind})`);
  }
}

/**
 * Formats a value of any kind for an error message. Objects are not converted, because `String()` may throw on them.
 */
const inWords = (value: unknown): string =>
  typeof value === 'object' && value !== null ? 'an object' : String(value);

function damaged(what: string): Error {
  return badArgument(
    'a whole snapshot',
    `a snapshot with damage in ${what}`,
    'JSON loses typed arrays: keep snapshots in IndexedDB, or clone them with structuredClone().',
  );
}

/** Merges parts that are adjacent in a buffer. */
export function joinParts(parts: readonly StatePart[]): readonly StatePart[] {
  const joined: StatePart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && last.buffer === part.buffer && last.offset + last.size === part.offset) {
      joined[joined.length - 1] = { ...last, size: last.size + part.size };
    } else {
      joined.push({ buffer: part.buffer, offset: part.offset, size: part.size });
    }
  }
  return joined;
}

/** Returns the last snapshot with the named tensors replaced by their weighted means. */
export function averageTensors(
  snapshots: readonly GpuSnapshot[],
  names: ReadonlySet<string>,
  weights?: readonly number[],
): GpuSnapshot {
  const last = snapshots.at(-1);
  if (!last) throw badArgument('at least one snapshot', 'none', 'Pass the result of snapshot().');
  const counts = averagingWeights(snapshots, weights);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const tensors = last.tensors.map((tensor): SavedTensor => {
    if (!names.has(tensor.name)) return { ...tensor, values: tensor.values.slice() };
    const all = snapshots.map(
      ({ tensors }) => tensors.find(({ name }) => name === tensor.name) as SavedTensor,
    );
    const values = new Float32Array(tensor.values.length).map(
      (_, index) =>
        all.reduce((sum, { values }, at) => sum + (counts[at] as number) * (values[index] as number), 0) /
        total,
    );
    return { ...tensor, values };
  });
  return { ...last, tensors };
}
