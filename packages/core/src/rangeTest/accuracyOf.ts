import { type AccuracyReading, readAccuracy } from './accuracyReading.ts';
import { type AccuracySource, type ErrorRates, errorRates } from './errorRates.ts';
import { type Evidence, gatherEvidence } from './evidence.ts';
import type { PooledTrace } from './poolTraces.ts';

/** What the accuracies of a trace show. */
export interface AccuracyFound {
  /** The errors of the training batches, or of validation data where these alone are there. */
  readonly evidence: Evidence;
  /** Undefined where no accuracy rose by more than noise explains. */
  readonly reading: AccuracyReading | undefined;
}

/**
 * What the accuracies of a trace show; undefined where there are too few. The reading is that of validation data where
 * these show a rise. But it is measured rarely, so the start of the sweep and the start of the rise come from the
 * training batches.
 *
 * @param margin - the distance from the edge down to `maxLr`, in decades
 */
export function accuracyOf(trace: PooledTrace, margin: number): AccuracyFound | undefined {
  const training = errorRates(trace, 'training');
  const ofTraining = training && read(training, 'training', margin);
  const held = errorRates(trace, 'validation');
  const known = ofTraining?.reading && training;
  const ofHeld =
    held &&
    read(
      { ...held, ...(known && { start: known.start, startNoise: known.startNoise }) },
      'validation',
      margin,
    );
  if (!ofHeld?.reading || !ofTraining) return ofTraining ?? ofHeld;
  const risesLr = ofHeld.reading.risesLr ?? ofTraining.reading?.risesLr ?? null;
  return { evidence: ofTraining.evidence, reading: { ...ofHeld.reading, risesLr } };
}

function read(errors: ErrorRates, source: AccuracySource, margin: number): AccuracyFound {
  const evidence = gatherEvidence(errors, margin);
  return { evidence, reading: readAccuracy(evidence, errors, source) };
}
