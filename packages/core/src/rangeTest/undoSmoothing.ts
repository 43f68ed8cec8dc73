import { PolicyError } from '../errors.ts';
import { type LossSmoothing, lossSmoothing, runningMeanOf } from './lossSmoothing.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/**
 * Undoes the smoothing of a trace's losses. A running mean can be undone exactly:
 *
 * `loss_t = (m_t − beta · m_{t−1}) / (1 − beta)`, where `m_t` is the stored loss after its debiasing is undone.
 *
 * If steps are missing before a point (a file may lack the first steps), the point gets the weighted mean loss of the
 * missing steps and of its own step. Rounding errors of the stored losses grow by at most `(1 + beta) / (1 − beta)`.
 * For example, if losses near 2.3 are stored with four digits and smoothed with fastai's beta, these errors stay
 * below the noise between batches.
 *
 * @param smoothing - default: that of the trace, else `'none'`
 * @returns a trace with `smoothing: 'none'`; the metrics on validation data and the accuracies stay as they are
 * @throws {PolicyError} if the smoothing is unknown, or `beta` is not in [0, 1)
 *
 * @example
 * ```ts
 * const points = [4, 2, 1].map((loss, step) => ({ step, lr: 0.01 * (step + 1), loss }));
 * const trace = { version: 1, spacing: 'linear', startLr: 0.01, endLr: 0.03, points };
 * undoSmoothing(trace, { beta: 0.5 }).points.map(({ loss }) => loss); // [4, 0, 0]
 * ```
 */
export function undoSmoothing(
  trace: RangeTestTrace,
  smoothing: LossSmoothing = trace.smoothing ?? 'none',
): RangeTestTrace {
  lossSmoothing(smoothing, 'smoothing');
  if (smoothing === 'none') return trace;
  const { beta, debias = false, ahead = 0 } = runningMeanOf(smoothing);
  if (trace.updatesPerRate && beta > 0) {
    const advice = 'Each rate was tried separately, so there is nothing to undo.';
    throw new PolicyError('smoothing', smoothing, '"none" for a trace with updatesPerRate', advice);
  }
  // A running mean that starts at 0 includes no step before the first.
  let before = debias ? { step: -1, mean: 0 } : undefined;
  const points = trace.points.map((point): RangeTestPoint => {
    const { step, loss } = point;
    if (loss === null) return point;
    const mean = debias ? loss * (1 - beta ** (step + 1 + ahead)) : loss;
    const kept = before ? beta ** (step - before.step) : 0;
    const raw = (mean - kept * (before?.mean ?? 0)) / (1 - kept);
    before = { step, mean };
    return { ...point, loss: raw };
  });
  return { ...trace, points, smoothing: 'none' };
}
