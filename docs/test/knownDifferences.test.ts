import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const page = new URL('../known-differences.md', import.meta.url);

/** The rows of all tables: their names, and the files that their last cells link to. */
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const name = /^\| `([\w-]+)` \|/.exec(line)?.[1];
    const last = line.split('|').at(-2) ?? '';
    return name ? [{ name, links: [...last.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!) }] : [];
  });

describe('the known differences', () => {
  it('have unique names', () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it.each(rows)('$name links to a test of that name, or to a script', ({ name, links }) => {
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      const file = fileURLToPath(new URL(link, page));
      expect(existsSync(file), file).toBe(true);
      if (file.endsWith('.test.ts')) expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`['"]${name}: `));
    }
  });
});
