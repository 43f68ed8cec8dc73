import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Example, exampleBlocks, markdownBlocks, runExample } from './examples.ts';

/** Options of {@link describeExamples}. */
export interface Documents {
  /** A folder of sources. Each `@example` block of its doc comments runs separately. */
  readonly sources?: string;
  /** The public modules of those sources: every function and class they export must have an example. */
  readonly exports?: readonly object[];
  /** Markdown files. The blocks of a page run in order and can use the names that earlier blocks declared. */
  readonly pages?: readonly string[];
  /** Selects the blocks of the pages by their code. Default: all. */
  readonly only?: (code: string) => boolean;
  /** Returns the names that examples use without declaring them. Called once per doc comment block or page. */
  readonly scope?: () => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
  /** The modules that examples can import, besides `node:fs/promises`. */
  readonly modules?: Readonly<Record<string, object>>;
  /** Files in the folder in which the examples run. Default: none. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * The tests of a package's documents. Every example must run and state at least one value in a comment, and every
 * stated value must be right: numbers to twelve digits, everything else exactly.
 *
 * @example
 * ```ts
 * describeExamples({ sources: 'src', exports: [core], scope: () => ({ ...core }) });
 * ```
 */
export function describeExamples(documents: Documents): void {
  describe('the examples', () => inFolder(documents));
}

function inFolder(documents: Documents): void {
  const { sources, exports = [], pages = [], only = () => true, scope = () => ({}), files = {} } = documents;
  const modules = { 'node:fs/promises': fs, ...documents.modules };
  const home = process.cwd();
  let folder: string;
  beforeAll(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), 'clr-examples-'));
    for (const [name, content] of Object.entries(files)) {
      await fs.mkdir(dirname(join(folder, name)), { recursive: true });
      await fs.writeFile(join(folder, name), content);
    }
  });
  beforeEach(() => process.chdir(folder));
  afterEach(() => process.chdir(home));
  afterAll(() => fs.rm(folder, { recursive: true }));
  if (sources !== undefined) {
    const blocks = exampleBlocks(sources);
    describe('in doc comments', () => {
      it.each(blocks.map((block) => [block.name, block] as const))('%s', async (_, block) => {
        await check(block, await scope(), modules);
      });

      it('are on every exported function and class', () => {
        const names = exports.flatMap((module) =>
          Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? name : [])),
        );
        const shown = new Set(blocks.map(({ of }) => of));
        expect(names.filter((name) => !shown.has(name))).toEqual([]);
      });
    });
  }
  describe.each(pages.map((page) => [basename(page), page] as const))('in %s', (_, page) => {
    let names: Promise<Readonly<Record<string, unknown>>> | undefined;
    const blocks = markdownBlocks(page).filter(({ code }) => only(code));
    it.each(blocks.map((block) => [block.name, block] as const))('%s', async (_, block) => {
      names ??= Promise.resolve(scope());
      const before = await names;
      const declared = await check(block, before, modules);
      names = Promise.resolve({ ...before, ...declared });
    });
  });
}

/** Runs one block, checks the values it states, and returns the names it declared. */
async function check(
  block: Example,
  scope: Readonly<Record<string, unknown>>,
  modules: Readonly<Record<string, object>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { outcomes, declared } = await runExample(block, scope, modules);
  for (const { actual, stated, source } of outcomes) {
    if (typeof actual === 'number' && typeof stated === 'number' && Number.isFinite(stated)) {
      expect(Math.abs(actual - stated), source).toBeLessThanOrEqual(1e-12 * Math.abs(stated));
    } else expect(actual, source).toEqual(stated);
  }
  expect(outcomes.length, `${block.name} states no value`).toBeGreaterThan(0);
  return declared;
}
