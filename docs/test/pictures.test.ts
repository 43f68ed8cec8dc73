import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { policyPictures } from '../scripts/policyPictures.ts';

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

it.each(policyPictures())('the picture of %s is up to date, and on its page', (name, svg) => {
  const file = `../pictures/policies/${name}.svg`;
  expect(readFileSync(new URL(file, folder), 'utf8')).toBe(svg);
  expect(readFileSync(new URL(`${name}.md`, folder), 'utf8')).toContain(`](${file})`);
});
