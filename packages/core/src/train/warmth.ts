import { comparable } from './metrics.ts';
import type { Recorded } from './recorded.ts';

/**
 * Says so when a model is trained already, which a sweep would spoil before it came to the rates that matter.
 * A classifier that knows nothing has a loss of ln 2 = 0.69 or more (its logarithm of the number of classes), and
 * where most examples are of one class it may be right often, but not at a lower loss: high accuracy and low loss
 * together are knowledge. Everything else is left to the sweep: what has room to fall, it sees falling.
 */
export function warmth(start: Recorded | undefined): string | undefined {
  const { loss, accuracy = 0 } = (start && comparable(start)) ?? { loss: Infinity };
  return accuracy >= 0.7 && loss <= 0.55
    ? `Trained already: accuracy ${accuracy.toPrecision(3)} at a loss of ${loss.toPrecision(3)} before any step (a fresh classifier’s is 0.69 or more), so each rate was tried by itself, from this state.`
    : undefined;
}
