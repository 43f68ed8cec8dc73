import { averagingWeights } from '@clr/core';
import type { SavedWeight, TfjsSnapshot } from './tfjsSnapshot.ts';

/** The last state, with its float weights and moving statistics replaced by weighted means over all states. */
export function averageStates(states: readonly TfjsSnapshot[], counted?: readonly number[]): TfjsSnapshot {
  const counts = averagingWeights(states, counted);
  const last = states[states.length - 1]!;
  return { ...last, weights: last.weights.map((weight) => meanOf(weight, states, counts)) };
}

function meanOf(like: SavedWeight, states: readonly TfjsSnapshot[], counts: readonly number[]): SavedWeight {
  if (like.dtype !== 'float32') return like;
  const all = states.map(({ weights }) => weights.find(({ place }) => place === like.place)!.values);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const values = new Float32Array(like.values.length).map(
    (_, at) => all.reduce((sum, { [at]: value = 0 }, index) => sum + counts[index]! * value, 0) / total,
  );
  return { ...like, values };
}
