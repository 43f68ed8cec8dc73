import type { RestoreOptions } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import type { NamedVariable } from './layerTree.ts';
import { type OptimizerState, readOptimizerState, writeOptimizerState } from './optimizerState.ts';
import { planRestore } from './planRestore.ts';
import { type StatefulLayer, setStates } from './statefulLayers.ts';
import { readTensors, type TensorData, toTensor } from './tensorData.ts';

/** A weight in a snapshot. */
export interface SavedWeight extends TensorData {
  /** As in {@link NamedVariable}: identifies a weight in every instance of the model. */
  readonly place: string;
}

/**
 * The result of `snapshot()`: weights, states of recurrent layers, optimizer slots and counters by name, as plain data
 * that can be cloned, kept in IndexedDB or sent to a worker.
 */
export interface TfjsSnapshot {
  readonly version: 2;
  readonly adapter: 'tfjs';
  /** The model's layers, a line each. Absent for a loop over the Core API. */
  readonly topology?: readonly string[];
  readonly weights: readonly SavedWeight[];
  /** The places of the trained weights. */
  readonly trained: readonly string[];
  /** The states of stateful recurrent layers. */
  readonly states: readonly SavedWeight[];
  readonly optimizer: OptimizerState;
}

/** The live state that a snapshot copies. */
export interface TrainingParts {
  readonly optimizer: tfjs.Optimizer;
  readonly weights: readonly NamedVariable[];
  /** The weights that the optimizer trains, in its order. */
  readonly trained: readonly NamedVariable[];
  readonly stateful: readonly StatefulLayer[];
  readonly topology?: readonly string[];
}

/** A named state of a recurrent layer. */
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
 * Restores a state by name. Throws before it touches anything if the state is of another model or optimizer. `partial`:
 * restores whatever fits by name, shape and type, and the optimizer's state if it is of the same kind.
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
