import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as vitest from 'vitest';
import schedules from '../golden/schedules.json' with { type: 'json' };
import * as conformance from '../src/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The checks that the adapter in the README registers. The test below runs them. */
const checks: (() => Promise<void>)[] = [];
const runner = {
  describe: (_: string, body: () => void) => body(),
  it: (_: string, check: () => Promise<void>) => checks.push(check),
};

describeExamples({
  sources: path('../src'),
  exports: [conformance],
  pages: [path('../README.md')],
  scope: () => ({ ...core, ...conformance }),
  modules: {
    '@clr/core': core,
    '@clr/conformance': conformance,
    '@clr/conformance/golden/schedules.json': { default: schedules },
    vitest: runner,
  },
});

vitest.it('the adapter that the README shows passes every check', async () => {
  for (const check of checks) await check();
  vitest.expect(checks.length).toBe(18);
});
