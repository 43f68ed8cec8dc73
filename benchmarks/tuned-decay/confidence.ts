/**
 * Compares the `confidence` of the stored range tests with how often their answers were good. An answer is good if a
 * linear decay from its `maxLr` comes within half a point of the tuned decay. The script trains no model.
 *
 * npx tsx tuned-decay/confidence.ts
 */
import { analyzeRangeTest } from '@clr/core';
import { unpack } from '../range-test/store.ts';
import { linearAt, measuredRuns } from './measured.ts';
import { parts } from './settings.ts';
import { ofKind } from './store.ts';

/** The confidence of one answer, and whether the answer was good. */
export interface Claim {
  readonly confidence: number;
  readonly good: boolean;
}

/** The claims of a part of the settings: one for each range test that gives a suggestion. */
export function claimsOf(part: (typeof parts)[number]): Claim[] {
  return measuredRuns([part]).flatMap((run) =>
    ofKind(run.lines, 'rangeTest')
      .filter(({ seed }) => seed === run.seed)
      .flatMap((stored) => {
        const { suggestion } = analyzeRangeTest(unpack(stored), { steps: run.setting.budget });
        if (!suggestion) return [];
        const good = linearAt(run, suggestion.maxLr) >= run.best.test - 0.005;
        return { confidence: suggestion.confidence, good };
      }),
  );
}

/** The AUC: the probability that a good answer has a higher confidence than a bad answer. */
export function areaUnderCurve(claims: readonly Claim[]): number {
  const of = (good: boolean) => claims.filter((claim) => claim.good === good);
  let won = 0;
  for (const { confidence } of of(true))
    for (const bad of of(false))
      won += confidence > bad.confidence ? 1 : confidence === bad.confidence ? 0.5 : 0;
  return won / (of(true).length * of(false).length);
}

/** The cells of a table row: the number of answers, the share of good ones, the AUC, and these by confidence. */
export function describeClaims(claims: readonly Claim[]): string {
  const share = (of: readonly Claim[]): string =>
    `${of.length > 0 ? Math.round((100 * of.filter(({ good }) => good).length) / of.length) : '–'} %`;
  const bins = [0, 0.5, 0.6, 0.7, 0.8, 0.85].map((low, i, lows) => {
    const here = claims.filter(
      ({ confidence }) => confidence >= low && confidence < (lows[i + 1] ?? Infinity),
    );
    return `${low}: ${here.length}, ${share(here)}`;
  });
  return [claims.length, share(claims), areaUnderCurve(claims).toFixed(2), bins.join('; ')].join(' | ');
}

if (process.argv[1] === import.meta.filename) {
  console.log(
    '| part | answers | good | AUC | by lowest confidence: answers, share good |\n| --- | --- | --- | --- | --- |',
  );
  const all = parts.map((part) => [part, claimsOf(part)] as const);
  for (const [part, claims] of [...all, ['all', all.flatMap(([, claims]) => claims)] as const]) {
    if (claims.length > 0) console.log(`| ${part} | ${describeClaims(claims)} |`);
  }
}
