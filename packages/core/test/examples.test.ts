import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exampleBlocks, markdownBlocks, runExample } from '@clr/tooling/examples';
import { describe, expect, it } from 'vitest';
import * as core from '../src/index.ts';
import { kinds } from '../src/policies/kinds.ts';
import { examples as batches, linearTrainable } from './linearTrainable.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const blocks = exampleBlocks(path('../src'));

/** What an example may use without saying where it comes from. */
const scope = () => ({ ...core, trainable: linearTrainable(), batches });

/** Numbers agree to twelve digits, everything else exactly. */
function agrees(actual: unknown, stated: unknown): void {
  if (typeof stated === 'number' && Number.isFinite(stated)) {
    expect(Math.abs((actual as number) - stated)).toBeLessThanOrEqual(1e-12 * Math.abs(stated));
  } else expect(actual).toEqual(stated);
}

describe('the examples in doc comments', () => {
  it.each(blocks.map((block) => [block.name, block] as const))('%s', async (_, block) => {
    const outcomes = await runExample(block, scope());
    for (const { actual, stated } of outcomes) agrees(actual, stated);
    expect(outcomes.length, 'an example states at least one value').toBeGreaterThan(0);
  });

  it('are on every exported function and class', () => {
    const index = readFileSync(path('../src/index.ts'), 'utf8');
    const functions = Object.entries(core).flatMap(([name, value]) =>
      typeof value === 'function' ? name : [],
    );
    expect(functions.length).toBeGreaterThan(20);
    expect(functions.every((name) => index.includes(name))).toBe(true);
    const shown = new Set(blocks.map(({ of }) => of));
    expect(functions.filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('the examples in Markdown', () => {
  const policies = readdirSync(path('../../../docs/policies')).map(
    (page) => `../../../docs/policies/${page}`,
  );
  const pages = ['../README.md', ...policies];
  const all = pages.flatMap((page) => markdownBlocks(path(page)));
  it.each(all.map((block) => [block.name, block] as const))('%s', async (_, block) => {
    for (const { actual, stated } of await runExample(block, scope(), { '@clr/core': core }))
      agrees(actual, stated);
  });

  it('are there for every policy', () => expect(policies.length).toBe(kinds.length + 1));
});
