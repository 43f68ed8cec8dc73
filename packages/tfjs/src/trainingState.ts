import type { RestoreOptions } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import type { NamedVariable } from './layerTree.ts';
import { type OptimizerState, readOptimizerState, writeOptimizerState } from './optimizerState.ts';
import { planRestore } from './planRestore.ts';
import { type StatefulLayer, setStates } from './statefulLayers.ts';
import { readTensors, type TensorData, toTensor } from './tensorData.ts';

/** A weight in a snapshot. */
export interface SavedWeight extends TensorData {
  /** As in {@link NamedVariable}: what a weight is found by, wherever its model is built. */
  readonly place: string;
}

/**
 * What `snapshot()` gives: weights, states of recurrent layers, optimizer slots and counters by name, as plain
 * data, which can be cloned, kept in IndexedDB or sent to a worker.
 */
export interface TfjsSnapshot {
  readonly version: 2;
  readonly adapter: 'tfjs';
  /** The model's layers, a line each; absent for a loop over the Core API. */
  readonly topology?: readonly string[];
  readonly weights: readonly SavedWeight[];
  /** The places of those that were trained. */
  readonly trained: readonly string[];
  /** What stateful recurrent layers carry from batch to batch. */
  readonly states: readonly SavedWeight[];
  readonly optimizer: OptimizerState;
}

/** All that a snapshot is of, as it is now. */
export interface TrainingParts {
  readonly optimizer: tfjs.Optimizer;
  readonly weights: readonly NamedVariable[];
  /** Those of the weights that the optimizer trains, in its order. */
  readonly trained: readonly NamedVariable[];
  readonly stateful: readonly StatefulLayer[];
  readonly topology?: readonly string[];
}

/** A state of a recurrent layer under a name. */
export function namedStates(
  stateful: readonly StatefulLayer[],
): (SavedStateName & { tensor: tfjs.Tensor })[] {
  return stateful.flatMap(({ name, place, layer }) =>
    (layer.states_ ?? []).map((tensor, index) => ({
      name: `${name}state_${index}`,
      place: `${place}state_${index}`,
      tensor,
    })),
  );
}

type SavedStateName = Pick<SavedWeight, 'name' | 'place'>;

export async function readState(parts: TrainingParts): Promise<TfjsSnapshot> {
  const { optimizer, weights, trained, stateful, topology } = parts;
  const named = [...weights, ...namedStates(stateful)];
  const [tensors, optimizerState] = await Promise.all([
    readTensors(named),
    readOptimizerState(optimizer, trained),
  ]);
  const saved = tensors.map((data, index) => ({ ...data, place: named[index]!.place }));
  return {
    version: 2,
    adapter: 'tfjs',
    ...(topology && { topology }),
    weights: saved.slice(0, weights.length),
    trained: trained.map(({ place }) => place),
    states: saved.slice(weights.length),
    optimizer: optimizerState,
  };
}

/**
 * Puts a state back by name; throws before touching anything if it is not of this model and optimizer.
 * `partial`: what fits by name, shape and type, and the optimizer's state if it is one of the same kind.
 */
export function writeState(
  tf: Pick<typeof tfjs, 'tensor' | 'variable' | 'keep'>,
  parts: TrainingParts,
  snapshot: object,
  options?: RestoreOptions,
): void {
  const { weights, states, optimizer, savedPlace } = planRestore(parts, snapshot, options?.partial === true);
  for (const [tensor, data] of weights) {
    const fresh = toTensor(tf, data);
    tensor.assign(fresh);
    fresh.dispose();
  }
  for (const [layer, saved] of states) {
    setStates(
      layer,
      saved.map((data) => tf.keep(toTensor(tf, data))),
    );
  }
  if (optimizer) writeOptimizerState(tf, parts.optimizer, parts.trained, optimizer, savedPlace);
}
