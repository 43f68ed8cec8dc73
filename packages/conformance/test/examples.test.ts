import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { exampleBlocks, markdownBlocks, runExample } from '@clr/tooling/examples';
import { describe, expect, it } from 'vitest';
import schedules from '../golden/schedules.json' with { type: 'json' };
import * as conformance from '../src/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describe('the examples in doc comments', () => {
  const blocks = exampleBlocks(path('../src'));
  it.each(blocks.map((block) => [block.name, block] as const))('%s', async (_, block) => {
    const outcomes = await runExample(block, { ...core, ...conformance });
    expect(outcomes.length).toBeGreaterThan(0);
    for (const { actual, stated } of outcomes) expect(actual).toEqual(stated);
  });

  it('are on every export', () => {
    expect(new Set(blocks.map(({ of }) => of))).toEqual(new Set(Object.keys(conformance)));
  });
});

describe('the README', () => {
  const [adapter, golden] = markdownBlocks(path('../README.md'));

  it('shows an adapter that passes', async () => {
    const passed: string[] = [];
    const checks: (() => Promise<void>)[] = [];
    const runner = {
      describe: (_: string, body: () => void) => body(),
      it: (name: string, run: () => Promise<void>) =>
        checks.push(() => run().then(() => void passed.push(name))),
    };
    await runExample(adapter!, {}, { '@clr/core': core, '@clr/conformance': conformance, vitest: runner });
    for (const check of checks) await check();
    expect(passed.length).toBe(15);
  });

  it('imports a golden file that is there', () => {
    expect(golden!.code).toContain('golden/schedules.json');
    expect(schedules.cases.length).toBeGreaterThan(5);
    expect(schedules.torch).toMatch(/^\d/);
  });
});
