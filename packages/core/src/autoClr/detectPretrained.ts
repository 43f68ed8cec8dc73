import { showNumber } from '../rangeTest/describe.ts';
import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { comparable } from '../trainable/metrics.ts';

/** Signs that a model is already trained, read from its metrics before the first step. */
export interface Pretrained {
  /** True if the model is so well trained that the rising rate of a sweep would only make it worse. */
  readonly trained: boolean;
  readonly reason: string;
}

/**
 * Detects a classifier that is already trained. Undefined if there is no sign of it, or no accuracy.
 *
 * An untrained classifier has a loss of at least ln 2 = 0.69, because it has two classes or more. If the loss of the
 * best constant answer is known, that is its lowest loss instead. Its accuracy is about e^−loss. If most examples are
 * of one class, its accuracy may be high, but its loss is not low. So a high accuracy and a low loss together mean that
 * the model is trained. An accuracy clearly above e^−loss, without a low loss, is a weaker sign. It counts only if a
 * sweep found nothing, and if the loss is not above that of the best constant answer.
 */
export function detectPretrained(
  start: LoggedMetrics | undefined,
  constant?: LoggedMetrics,
): Pretrained | undefined {
  const metrics = start && comparable(start);
  if (!metrics) return undefined;
  const { loss, accuracy = 0 } = metrics;
  // The metrics of an untrained classifier. If the best constant answer is unknown, the loss is taken as ln 2, the
  // loss for two equally likely classes.
  const fresh = { loss: constant?.loss ?? Math.LN2, accuracy: constant?.accuracy ?? Math.exp(-loss) };
  const trained = accuracy >= 0.7 && loss <= 0.8 * fresh.loss && !(accuracy < (constant?.accuracy ?? 0));
  const worse = loss > (constant?.loss ?? maxUntrained);
  if (!trained && (worse || !(accuracy > 1.4 * fresh.accuracy))) return undefined;
  const found = `accuracy ${accuracy.toPrecision(3)} at a loss of ${loss.toPrecision(3)} before any step`;
  const beside =
    trained || constant
      ? `a loss of ${showNumber(fresh.loss)} or more`
      : `an accuracy of ${showNumber(fresh.accuracy)} at this loss`;
  return {
    trained,
    reason: `The model is already trained: ${found}. An untrained classifier has ${beside}. So each rate was tried separately, from this state.`,
  };
}

/**
 * The loss of guessing among a thousand equally likely classes. A higher loss comes from bad initial weights, whatever
 * the accuracy.
 */
const maxUntrained: number = Math.log(1000);
