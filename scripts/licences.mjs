/**
 * Checks the licences of all packages that users install. Each licence must be in the list `allowed`. These licences
 * require no more than naming the authors. Reads the installed packages and asks no registry.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
]);
const root = fileURLToPath(new URL('..', import.meta.url));
const args = [
  '-y',
  'pnpm@12.21.0',
  '--recursive',
  '--filter',
  './packages/*',
  'licenses',
  'list',
  '--prod',
  '--json',
];
const found = JSON.parse(execFileSync('npx', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 }));

/** True if a licence is allowed. In a choice such as `(MIT OR Apache-2.0)`, one allowed licence is enough. */
const isAllowed = (licence) =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((each) => each.split(' AND ').every((part) => allowed.has(part.trim())));

const others = Object.entries(found).filter(([licence]) => !isAllowed(licence));
for (const [licence, packages] of others)
  console.error(`${licence}: ${packages.map(({ name }) => name).join(', ')}`);
console.log(
  `${Object.values(found).flat().length} packages, ${Object.keys(found).length} licences, ${others.length} not allowed.`,
);
process.exitCode = others.length > 0 ? 1 : 0;
