import { type StateDescription, snapshotDifferences } from '@clr/core';
import type * as tfjs from '@tensorflow/tfjs';
import { fail } from './errors.ts';
import { namedStates } from './namedStates.ts';
import type { OptimizerState } from './optimizerState.ts';
import { parseSnapshot } from './parseSnapshot.ts';
import { slotsOf } from './slotsOf.ts';
import type { StatefulLayer } from './statefulLayers.ts';
import type { TensorData } from './tensorData.ts';
import type { SavedWeight, TfjsSnapshot } from './tfjsSnapshot.ts';
import type { TrainingParts } from './trainingParts.ts';

/** A plan that assigns saved tensors to parts of the model. */
export interface RestorePlan {
  /** The snapshot, upgraded to the current version. */
  readonly snapshot: TfjsSnapshot;
  readonly weights: readonly (readonly [tfjs.Variable, TensorData])[];
  readonly states: readonly (readonly [StatefulLayer['layer'], readonly TensorData[]])[];
  readonly optimizer?: OptimizerState;
  /** The place of a weight in the snapshot, by its place in the model. */
  savedPlace(place: string): string | undefined;
}

interface Here {
  readonly name: string;
  readonly place: string;
  readonly tensor: tfjs.Tensor;
}

/** Maps each part of a snapshot to its place in a model, or throws with the differences. Changes nothing. */
export function planRestore(parts: TrainingParts, given: object, partial: boolean): RestorePlan {
  const snapshot = parseSnapshot(given, parts);
  const here: Here[] = [...parts.weights, ...namedStates(parts.stateful)];
  const saved = [...snapshot.weights, ...snapshot.states];
  const differences = () => differencesOf(parts, here, snapshot, saved).join('; ');
  if (!partial && differences() !== '') {
    throw fail({
      expected: 'a snapshot of this model with this optimizer',
      received: `a snapshot that differs: ${differences()}`,
      advice:
        'Restore a snapshot of the same model and optimizer, or only what fits: restore(snapshot, { partial: true }).',
    });
  }
  const found = new Map<string, SavedWeight>();
  const byName = new Map(saved.map((data) => [data.name, data]));
  const byPlace = new Map(saved.map((data) => [data.place, data]));
  for (const { name, place, tensor } of here) {
    // In a partial restore, a name from the same page is more reliable than a place.
    const candidates = partial ? [byName.get(name), byPlace.get(place)] : [byPlace.get(place)];
    const data = candidates.find((candidate) => candidate && form(candidate) === form(tensor));
    if (data && ![...found.values()].includes(data)) found.set(place, data);
  }
  if (found.size === 0) {
    throw fail({
      expected: 'a snapshot with a tensor that fits this model by name or place, type and shape',
      received: `one without: ${differences()}`,
      advice: 'Restore a snapshot of this model, or of a model that shares layers with it.',
    });
  }
  const sameKind = snapshot.optimizer.className === parts.optimizer.getClassName();
  return {
    snapshot,
    weights: parts.weights.flatMap(({ place, tensor }) => {
      const data = found.get(place);
      return data ? [[tensor, data] as const] : [];
    }),
    states: parts.stateful.flatMap((stateful) => {
      const states = namedStates([stateful]).map(({ place }) => found.get(place));
      return states.every((state) => state !== undefined) ? [[stateful.layer, states] as const] : [];
    }),
    ...(sameKind && { optimizer: snapshot.optimizer }),
    savedPlace: (place) => found.get(place)?.place,
  };
}

function differencesOf(
  parts: TrainingParts,
  here: readonly Here[],
  snapshot: TfjsSnapshot,
  saved: readonly SavedWeight[],
): string[] {
  const model: StateDescription = {
    adapter: 'tfjs',
    optimizer: parts.optimizer.getClassName(),
    tensors: here.map(({ place, tensor }) => ({ name: place, dtype: tensor.dtype, shape: tensor.shape })),
    ...(parts.topology && { topology: parts.topology }),
  };
  const differences = snapshotDifferences(model, {
    adapter: snapshot.adapter,
    optimizer: snapshot.optimizer.className,
    tensors: saved.map(({ place, dtype, shape }) => ({ name: place, dtype, shape })),
    ...(snapshot.topology && { topology: snapshot.topology }),
  });
  if (differences.length > 0) return differences;
  return [...shiftedNames(here, saved), ...trainedElsewhere(parts, snapshot)];
}

/**
 * Finds a generated name that belongs to one layer in the snapshot and to another in the model, so that it is unclear
 * which layer is meant.
 */
function shiftedNames(here: readonly Here[], saved: readonly SavedWeight[]): string[] {
  const places = new Map(saved.map((data) => [data.name, data]));
  for (const { name, place, tensor } of here) {
    const other = places.get(name);
    if (other && other.place !== place && form(other) === form(tensor)) {
      return [
        `${name} is ${other.place} in the snapshot and ${place} in the model: name the layers to remove the ambiguity`,
      ];
    }
  }
  return [];
}

/** Lists weights that are trained in only one of snapshot and model. They matter only if the optimizer keeps slots. */
function trainedElsewhere({ optimizer, trained }: TrainingParts, snapshot: TfjsSnapshot): string[] {
  const hasSlots = Object.values(snapshot.optimizer.slots).some((slots) => slots.length > 0);
  if (Object.keys(slotsOf(optimizer).slots).length === 0 || !hasSlots) return [];
  const [now, then] = [new Set(trained.map(({ place }) => place)), new Set(snapshot.trained)];
  return [
    ...[...now].filter((place) => !then.has(place)).map((place) => `${place} was frozen, and is trained now`),
    ...[...then].filter((place) => !now.has(place)).map((place) => `${place} was trained, and is frozen now`),
  ].slice(0, 6);
}

const form = ({ dtype, shape }: { dtype: string; shape: readonly number[] }): string => `${dtype}[${shape}]`;
