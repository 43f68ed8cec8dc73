/** Draws the picture of every policy's page into `docs/pictures/policies/`. A test fails if one is not up to date. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { policyPictures } from './policyPictures.ts';

const folder = new URL('../pictures/policies/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, svg] of policyPictures()) writeFileSync(new URL(`${name}.svg`, folder), svg);
