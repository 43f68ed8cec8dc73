/**
 * How large what core reads may be, and how long what it says. Everything here is far beyond honest use: a limit
 * turns a hostile or broken input into a clear error instead of a full stack, a full memory or a full terminal.
 */

/** Policies inside policies: a `sequence` in a `sequence` is two. */
export const maxNesting = 100;

/** Entries of a list: stages of a sequence, rates of a table, points of a trace, steps of a run. */
export const maxEntries = 10_000_000;

/** Resampled curves of one analysis of a range test. */
export const maxResamples = 100_000;

/** Steps that `sampleSchedule` gives at once: 400 MB of float32. */
export const maxSamples = 100_000_000;

/** Characters of one value in a message. */
export const maxShown = 60;

/** Characters of a field's path in a message. The error's `field` holds the whole path. */
export const maxPath = 100;

/** Characters of each of the three parts of a message. */
export const maxPart = 2000;
