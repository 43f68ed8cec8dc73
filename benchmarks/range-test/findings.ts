/**
 * Records the findings of every stored range test: suggestions and edges, to six digits. `findings.test.ts` compares
 * them with traces/findings.json. Run this after a change of the analysis that is meant to change them.
 *
 * npx tsx range-test/findings.ts
 */
import { writeFileSync } from 'node:fs';
import { analyzeRangeTest } from '@clr/core';
import { readAdaptive, readTruths, unpack } from './store.ts';

/**
 * The findings of each setting: `edge baseLr maxLr fixedLr certainty`, or `refused`, for each seed's range tests of 200
 * and 400 steps.
 */
export type Findings = Readonly<Record<string, readonly string[]>>;

export function findings(): Findings {
  return Object.fromEntries(
    readTruths().map(({ setting, budget }) => [
      setting,
      readAdaptive(setting).map((stored) => {
        const { edgeLr, suggestion } = analyzeRangeTest(unpack(stored), { steps: budget });
        if (!suggestion) return 'refused';
        const { baseLr, maxLr, fixedLr, certainty } = suggestion;
        return [edgeLr!, baseLr, maxLr, fixedLr, certainty].map((number) => number.toPrecision(6)).join(' ');
      }),
    ]),
  );
}

export const findingsFile: URL = new URL('./traces/findings.json', import.meta.url);

if (process.argv[1] === import.meta.filename)
  writeFileSync(findingsFile, `${JSON.stringify(findings(), undefined, 2)}\n`);
