import { readdirSync, readFileSync } from 'node:fs';
import { parsePolicy } from '@clr/core';
import { expect, it } from 'vitest';
import { policies, policyPictures } from '../scripts/policyPictures.ts';

const folder = new URL('../policies/', import.meta.url);
const pages = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .map((name) => name.slice(0, -'.md'.length));

it('every policy has a picture', () => {
  expect(
    policyPictures()
      .map(([name]) => name)
      .sort(),
  ).toEqual(pages.sort());
});

it('every policy of core has a page', () => {
  let message = '';
  try {
    parsePolicy({ type: '?' });
  } catch (error) {
    message = (error as Error).message;
  }
  const types = /type to be one of (.*)\.\n/.exec(message)?.[1]?.split(', ');
  const described = Object.values(policies).map(({ type }) => type);
  expect([...new Set<string>(described)].sort()).toEqual(types?.sort());
});

it.each(policyPictures())('the picture of %s is up to date, and its page shows it', (name, svg) => {
  const file = `../pictures/policies/${name}.svg`;
  expect(readFileSync(new URL(file, folder), 'utf8')).toBe(svg);
  expect(readFileSync(new URL(`${name}.md`, folder), 'utf8')).toContain(`](${file})`);
});
