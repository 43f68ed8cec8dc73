import type { Metrics } from '@clr/core';

/**
 * Whether metrics are better in the loss or in the accuracy. A confident classifier may be right more often than
 * another and still have the higher loss.
 */
export function beatsInLossOrAccuracy(metrics: Metrics, than: Metrics): boolean {
  return metrics.loss < than.loss || (metrics.accuracy ?? 0) > (than.accuracy ?? 1);
}
