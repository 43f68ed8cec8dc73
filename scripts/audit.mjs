/**
 * Asks the registry for known vulnerabilities in what users install. Fails if one has the level `high` or above. Many
 * mirrors have no endpoint for audits. The script then says so and skips the check.
 *
 *   npm run audit
 *
 * To ignore an advisory that does not concern clr, add it to `auditConfig.ignoreGhsas` of pnpm-workspace.yaml, with the
 * reason.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const registry = execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim();
const endpoint = new URL('-/npm/v1/security/advisories/bulk', registry);

/** The status of an empty audit request. Every registry with an audit endpoint accepts it. */
const { status } = await fetch(endpoint, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
});
if ([404, 405, 501].includes(status)) {
  console.log(
    `Skipped: ${registry} has no audit endpoint (${endpoint.pathname} answers ${status}). Use another registry.`,
  );
} else {
  const args = ['-y', packageManager, 'audit', '--prod', '--audit-level', 'high', '--registry', registry];
  process.exitCode = spawnSync('npx', args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
