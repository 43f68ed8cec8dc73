import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Findings, findings, findingsFile } from './findings.ts';

// 51 trained settings, three seeds, two lengths, and the sweeps on random labels: what the range-test numbers were fitted to.
it('the analysis says of every stored range test what it said when its numbers were fitted', () => {
  const recorded = JSON.parse(readFileSync(findingsFile, 'utf8')) as Findings;
  const now = findings();
  expect(Object.keys(now).length).toBe(51);
  expect(now).toEqual(recorded);
});
