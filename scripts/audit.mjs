/**
 * Asks the registry for known vulnerabilities in what users install. Fails if one has the level `high` or above. If the
 * registry has no endpoint for audits, as many mirrors, the check is skipped, and says so.
 *
 *   npm run audit
 *
 * An advisory that does not concern clr goes, with the reason, into `auditConfig.ignoreGhsas` of pnpm-workspace.yaml.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const registry = execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim();
const endpoint = new URL('-/npm/v1/security/advisories/bulk', registry);

/** The status of a request about no package, which every registry with an endpoint for audits accepts. */
const { status } = await fetch(endpoint, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
});
if ([404, 405, 501].includes(status)) {
  console.log(
    `Skipped: ${registry} has no audits (${endpoint.pathname} answers ${status}). Run it with another registry.`,
  );
} else {
  const args = ['-y', packageManager, 'audit', '--prod', '--audit-level', 'high', '--registry', registry];
  process.exitCode = spawnSync('npx', args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
