import type { RangeTestFinding } from '@clr/core';
import { formatRate } from './words.ts';

/**
 * Describes a finding in plain sentences: the suggestion with its intervals and confidence, or a lower bound, or that
 * there is neither; then the reasons, the loss edge, and the rates of the classic rules.
 *
 * @example
 * ```ts
 * const [first] = describeFinding(analyzeRangeTest(trace));
 * first.startsWith('Decay the rate to 0 from '); // true
 * ```
 */
export function describeFinding({
  suggestion,
  edgeLr,
  lowerBound,
  reasons,
  rules,
}: RangeTestFinding): readonly string[] {
  const between = ([low, high]: readonly [number, number]) => `${formatRate(low)} to ${formatRate(high)}`;
  const sentences: string[] = [];
  if (suggestion) {
    const { baseLr, maxLr, fixedLr, interval, confidence } = suggestion;
    sentences.push(
      `Decay the rate to 0 from ${formatRate(maxLr)} (interval ${between(interval.maxLr)}), or cycle between ${formatRate(baseLr)} (interval ${between(interval.baseLr)}) and this rate.`,
      `For training at a constant rate use ${formatRate(fixedLr)} (interval ${between(interval.fixedLr)}).`,
      `Confidence ${Math.round(100 * confidence)} %: the probability that such a decay is about as good as one with a tuned peak.`,
    );
  } else {
    sentences.push(
      lowerBound
        ? `This curve gives a lower bound, but no suggestion: maxLr is at least ${formatRate(lowerBound.maxLr)}.`
        : 'This curve gives no suggestion.',
    );
  }
  sentences.push(...reasons);
  sentences.push(
    edgeLr === null
      ? `The sweep never reached the loss edge${lowerBound ? `, which lies above ${formatRate(lowerBound.edgeLr)}` : ''}.`
      : `The loss edge, the largest rate that still trains, is at ${formatRate(edgeLr)}.`,
  );
  const named = Object.entries(rules).flatMap(([name, rate]: [string, number | null]) =>
    rate === null ? [] : [`${name} ${formatRate(rate)}`],
  );
  if (named.length > 0) sentences.push(`The classic rules suggest: ${named.join(', ')}.`);
  return sentences;
}
