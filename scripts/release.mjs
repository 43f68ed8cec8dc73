/**
 * Publishes every package under a scope of yours. It builds all packages, packs them under that scope, and publishes
 * those that the registry does not have yet, dependencies first.
 *
 *   npm run release -- --scope @name [--repository https://…] [--dry-run] [--registry http://…]
 *
 * `--repository` is the address of the repository's page. `repository`, `homepage` and `bugs` of every manifest are
 * made from it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packAll } from './pack.mjs';

const { values } = parseArgs({
  options: {
    scope: { type: 'string' },
    repository: { type: 'string' },
    registry: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
  },
});

/** Runs the command `npm` with the chosen registry. */
function npm(args, stdio) {
  return execFileSync('npm', [...args, ...(values.registry ? ['--registry', values.registry] : [])], {
    encoding: 'utf8',
    stdio,
  });
}

function isPublished({ name, version }) {
  try {
    return npm(['view', `${name}@${version}`, 'version'], ['ignore', 'pipe', 'ignore']).trim() === version;
  } catch {
    return false;
  }
}

const out = mkdtempSync(join(tmpdir(), 'clr-release-'));
try {
  if (values.scope === undefined) {
    throw new Error(
      'Expected --scope, the npm scope to publish under, such as --scope @name.\nThe name @clr/core belongs to another project on the npm registry.',
    );
  }
  for (const { tarball, ...each } of packAll({ scope: values.scope, repository: values.repository, out })) {
    if (isPublished(each)) {
      console.log(`${each.name}@${each.version}: published already`);
      continue;
    }
    npm(
      ['publish', tarball, '--access', 'public', ...(values['dry-run'] ? ['--dry-run'] : [])],
      ['ignore', 'ignore', 'inherit'],
    );
    console.log(`${each.name}@${each.version}: ${values['dry-run'] ? 'would be published' : 'published'}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
