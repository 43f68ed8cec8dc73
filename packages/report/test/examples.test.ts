import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { exampleBlocks, markdownBlocks, runExample } from '@clr/tooling/examples';
import { describe, expect, it } from 'vitest';
import * as report from '../src/index.ts';
import * as terminal from '../src/terminal/index.ts';
import { exampleRun, exampleTrace } from './examples.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const trace = exampleTrace();
const policy = core.triangular2({ baseLr: 0.01, maxLr: 0.1, stepSize: 125 });

/** What an example may use without saying where it comes from. */
const scope = {
  ...core,
  ...report,
  ...terminal,
  trace,
  finding: core.analyzeRangeTest(trace),
  run: exampleRun(policy, 0.99),
  other: exampleRun(policy, 0.98),
};

describe('the examples in doc comments', () => {
  const blocks = exampleBlocks(path('../src'));
  it.each(blocks.map((block) => [block.name, block] as const))('%s', async (_, block) => {
    const outcomes = await runExample(block, scope);
    for (const { actual, stated } of outcomes) expect(actual).toEqual(stated);
    expect(outcomes.length, 'an example states at least one value').toBeGreaterThan(0);
  });

  it('are on every exported function', () => {
    const functions = Object.entries({ ...report, ...terminal }).flatMap(([name, value]) =>
      typeof value === 'function' ? name : [],
    );
    expect(functions.length).toBeGreaterThan(10);
    const shown = new Set(blocks.map(({ of }) => of));
    expect(functions.filter((name) => !shown.has(name))).toEqual([]);
  });
});

it('the example in the README writes a picture and a page', async () => {
  const written = new Map<string, string>();
  const writeFile = async (name: string, text: string) => void written.set(name, text);
  const modules = { 'node:fs/promises': { writeFile }, '@clr/core': core, '@clr/report': report };
  for (const block of markdownBlocks(path('../README.md'))) await runExample(block, {}, modules);
  expect(written.get('policy.svg')).toContain('<svg');
  expect(written.get('report.html')).toContain('<!doctype html>');
});
