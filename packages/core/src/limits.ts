/**
 * Limits on what core reads and prints. All are far beyond normal use. They turn hostile or broken input into a clear
 * error instead of a stack overflow, exhausted memory or a flooded terminal.
 */

/** Nesting depth of policies: a `sequence` in a `sequence` is two. */
export const maxNesting = 100;

/** Entries of a list: stages of a sequence, rates of a table, points of a trace, steps of a run. */
export const maxEntries = 10_000_000;

/** Resampled curves of one analysis of a range test. */
export const maxResamples = 100_000;

/** Steps of one call of `sampleSchedule`: 400 MB of float32. */
export const maxSamples = 100_000_000;

/** Characters of one value in a message. */
export const maxShown = 60;

/** Characters of a field's path in a message. The error's `field` holds the whole path. */
export const maxPath = 100;

/** Characters of each of the three parts of a message. */
export const maxPart = 2000;
