import { type AccuracyReading, readAccuracy } from './accuracyReading.ts';
import { type AccuracySource, type ErrorRates, errorRates } from './errorRates.ts';
import { type Evidence, gatherEvidence } from './evidence.ts';
import type { PooledTrace } from './poolTraces.ts';

/** The information in the accuracies of a trace. */
export interface AccuracyFound {
  /** The analysis of the error rates of the training batches, or of validation data if only these exist. */
  readonly evidence: Evidence;
  /** Undefined if no accuracy rose by more than noise explains. */
  readonly reading: AccuracyReading | undefined;
}

/**
 * Reads the accuracies of a trace. The result is undefined if there are too few. The reading comes from the
 * accuracies on validation data if these show a rise, else from those on the training batches. The model is rarely
 * evaluated on validation data, so the start of the sweep and of the rise come from the training batches.
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
