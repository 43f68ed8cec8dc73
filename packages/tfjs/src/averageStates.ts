import type { SavedWeight, TfjsSnapshot } from './trainingState.ts';

/** The last state, with its float weights and moving statistics replaced by the means over all states. */
export function averageStates(states: readonly TfjsSnapshot[]): TfjsSnapshot {
  const last = states[states.length - 1]!;
  return { ...last, weights: last.weights.map((weight) => meanOf(weight, states)) };
}

function meanOf(like: SavedWeight, states: readonly TfjsSnapshot[]): SavedWeight {
  if (like.dtype !== 'float32') return like;
  const all = states.map(({ weights }) => weights.find(({ place }) => place === like.place)!.values);
  const values = new Float32Array(like.values.length).map(
    (_, at) => all.reduce((sum, { [at]: value = 0 }) => sum + value, 0) / all.length,
  );
  return { ...like, values };
}
