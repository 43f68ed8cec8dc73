import { comparable } from '../train/metrics.ts';
import type { Recorded } from '../train/recorded.ts';

/** Signs that a model is already trained, read from its metrics before the first step. */
export interface Pretrained {
  /** Whether it is so well trained that a sweep would only spoil it. */
  readonly trained: boolean;
  readonly reason: string;
}

/**
 * Detects a classifier that is already trained. Undefined if there is no sign of it, or no accuracy.
 *
 * An untrained classifier has a loss of ln 2 = 0.69 or more (the logarithm of the number of classes). If most examples
 * are of one class it may often be right, but not at a lower loss: high accuracy and low loss together mean that it is
 * trained. Its accuracy is about e^−loss. A clearly higher accuracy is a weaker sign, which careless initial weights
 * give too: it counts only if a sweep found nothing.
 */
export function detectPretrained(start: Recorded | undefined): Pretrained | undefined {
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
