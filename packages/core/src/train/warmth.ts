import { comparable } from './metrics.ts';
import type { Recorded } from './recorded.ts';

/** What a model’s metrics before any step say of what it knows. */
export interface Warmth {
  /** Whether it knows so much that a sweep would only spoil it. */
  readonly trained: boolean;
  readonly reason: string;
}

/**
 * Notices a classifier that knows something already; nothing where there is no sign of it, or no accuracy.
 *
 * One that knows nothing has a loss of ln 2 = 0.69 or more (the logarithm of the number of classes). Where most
 * examples are of one class it may be right often, but not at a lower loss: both together are knowledge. And it
 * is right as often as its loss says, e^−loss: being right clearly more often is a sign, though one that careless
 * initial weights give too; it counts only where a sweep saw nothing.
 */
export function warmth(start: Recorded | undefined): Warmth | undefined {
  const metrics = start && comparable(start);
  if (!metrics) return undefined;
  const { loss, accuracy = 0 } = metrics;
  const trained = accuracy >= 0.7 && loss <= 0.55;
  if (!trained && !(accuracy > 1.4 * Math.exp(-loss))) return undefined;
  const found = `accuracy ${accuracy.toPrecision(3)} at a loss of ${loss.toPrecision(3)} before any step`;
  const fresh = trained ? 'a loss of 0.69 or more' : `an accuracy of ${Math.exp(-loss).toPrecision(3)} then`;
  return {
    trained,
    reason: `Trained already: ${found}, where a fresh classifier has ${fresh}. So each rate was tried by itself, from this state.`,
  };
}
