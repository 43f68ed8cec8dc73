import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Findings, findings, findingsFile } from './findings.ts';

// The stored tests cover 51 settings, three seeds, two lengths, and random labels. The constants of the analysis were
// fitted to the settings among them that are not held out.
it('analyzeRangeTest gives the recorded finding for every stored range test', () => {
  const recorded = JSON.parse(readFileSync(findingsFile, 'utf8')) as Findings;
  const now = findings();
  expect(Object.keys(now).length).toBe(51);
  expect(now).toEqual(recorded);
});
