import type { RangeTestFinding } from '@clr/core';
import { formatRate } from './words.ts';

/**
 * What a finding says, in plain sentences: the suggestion with its intervals and how sure it is, or that there
 * is none, perhaps a lower bound; the loss edge; the reasons; what the classic rules would have said.
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
      `Decay the rate to 0 from ${formatRate(maxLr)} (interval ${between(interval.maxLr)}), or cycle between ${formatRate(baseLr)} (interval ${between(interval.baseLr)}) and that.`,
      `For training at a constant rate take ${formatRate(fixedLr)} (interval ${between(interval.fixedLr)}).`,
      `Confidence ${Math.round(100 * confidence)} %: the chance that such a decay comes near one whose peak was tuned.`,
    );
  } else {
    sentences.push(
      lowerBound
        ? `This curve carries a lower bound, but no suggestion: maxLr is at least ${formatRate(lowerBound.maxLr)}.`
        : 'This curve does not carry a suggestion.',
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
  if (named.length > 0) sentences.push(`The classic rules would say: ${named.join(', ')}.`);
  return sentences;
}
