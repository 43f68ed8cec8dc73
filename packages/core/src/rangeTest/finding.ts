import type { AccuracyReading } from './accuracyReading.ts';

/** The interval of a rate, according to the trace. */
export type Interval = readonly [low: number, high: number];

/** The rates that a range test suggests, each with its interval. */
export interface RangeTestSuggestion {
  /** The lower bound for cycling. */
  readonly baseLr: number;
  /** The upper bound for cycling, and the best peak of a decay to zero. */
  readonly maxLr: number;
  /** The rate for training at a constant rate. */
  readonly fixedLr: number;
  /** The length of training, in steps, that `fixedLr` is for. */
  readonly steps: number;
  /**
   * An interval for each suggested rate. Nine in ten such intervals contain another seed's rate or overlap the range of
   * good rates.
   */
  readonly interval: {
    /** The interval of `baseLr`. */
    readonly baseLr: Interval;
    /** The interval of `maxLr`. */
    readonly maxLr: Interval;
    /** The interval of `fixedLr`. */
    readonly fixedLr: Interval;
  };
  /** The certainty of the loss edge, in [0, 1). Noise and a fast sweep lower it. */
  readonly certainty: number;
  /** The probability that a decay from `maxLr` comes within half a point of the accuracy of a tuned peak. */
  readonly confidence: number;
}

/** The result of a sweep that ended before the loss rose again: the edge lies above it. */
export interface RangeTestLowerBound {
  /** The highest rate that is known to train. The loss edge lies above it. */
  readonly edgeLr: number;
  /** The `maxLr` of a suggestion would be at least this. */
  readonly maxLr: number;
}

/** The suggestions of the usual libraries for the same trace. A suggestion is `null` if its rule gives no rate. */
export interface ClassicRules {
  /** The rate of the steepest descent of the loss. */
  readonly steepest: number | null;
  /** A tenth of the rate of the lowest loss. */
  readonly minimum: number | null;
  /** The rate half-way into the longest valley, the longest falling subsequence of the losses. */
  readonly valley: number | null;
  /** The end of the slide: going down from the highest rate, the last rate before the slope stops changing. */
  readonly slide: number | null;
}

/** The result of the analysis of a range test. */
export interface RangeTestFinding {
  /** `null` if the curve gives none; `reasons` say why. */
  readonly suggestion: RangeTestSuggestion | null;
  /** The largest rate that still trains before divergence. It is `null` if the sweep never reached it. */
  readonly edgeLr: number | null;
  /**
   * Given only if there is no suggestion, because the loss fell and the sweep ended before it rose again. Rates up to
   * these are safe, but they may be far too low. Sweep higher to find the edge.
   */
  readonly lowerBound?: RangeTestLowerBound;
  /** The paper's reading of the sweep's accuracy. It is absent if it never rose by more than noise explains. */
  readonly accuracy?: AccuracyReading;
  /** The reasons for the finding, in words that name steps and rates. */
  readonly reasons: readonly string[];
  /** What the rules of other libraries suggest for the same curve. */
  readonly rules: ClassicRules;
}
