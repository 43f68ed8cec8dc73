import { checkOptionNames, type RestoreOptions } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { namedStates } from './namedStates.ts';
import { readOptimizerState, writeOptimizerState } from './optimizerState.ts';
import { planRestore } from './planRestore.ts';
import { setStates } from './statefulLayers.ts';
import { readTensors, toTensor } from './tensorData.ts';
import type { TfjsSnapshot } from './tfjsSnapshot.ts';
import type { TrainingParts } from './trainingParts.ts';

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
 * Restores a state by name. Throws before it touches anything if the state is of another model or optimizer. With
 * `partial` it restores what fits by name, shape and type, and the optimizer's state if the optimizer is of the same
 * kind.
 */
export function writeState(
  tf: Pick<typeof tfjs, 'tensor' | 'variable' | 'keep'>,
  parts: TrainingParts,
  snapshot: object,
  options: RestoreOptions = {},
): void {
  const { partial = false } = checkOptionNames('clr/tfjs', 'restore', options, ['partial']);
  const { weights, states, optimizer, savedPlace } = planRestore(parts, snapshot, partial);
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
