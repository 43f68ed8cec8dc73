import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Findings, findings, findingsFile } from './findings.ts';

// The numbers of the range test were fitted to these stored tests: 51 settings, three seeds, two lengths, and the
// sweeps on random labels.
it('analyzeRangeTest gives the recorded finding for every stored range test', () => {
  const recorded = JSON.parse(readFileSync(findingsFile, 'utf8')) as Findings;
  const now = findings();
  expect(Object.keys(now).length).toBe(51);
  expect(now).toEqual(recorded);
});
