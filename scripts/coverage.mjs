/**
 * Measures how much of each package its own tests cover, and lists the files with the lowest coverage.
 *
 *   npm run coverage [-- core report …]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../packages', import.meta.url));
const named = process.argv.slice(2);
const gaps = 5;

for (const name of named.length > 0 ? named : readdirSync(packages)) {
  const folder = join(packages, name);
  const reports = mkdtempSync(join(tmpdir(), 'clr-coverage-'));
  const coverage = [
    'enabled',
    'provider=v8',
    'include=src/**/*.ts',
    'exclude=src/generated/**',
    'reporter=json-summary',
  ];
  const options = [...coverage, `reportsDirectory=${reports}`].map((option) => `--coverage.${option}`);
  try {
    execFileSync('npx', ['vitest', 'run', '--testTimeout=600000', ...options], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch {
    console.error(`${name}: some tests failed; the code that they ran is counted.`);
  }
  const summary = join(reports, 'coverage-summary.json');
  if (existsSync(summary)) {
    const { total, ...files } = JSON.parse(readFileSync(summary, 'utf8'));
    console.log(`${name}: ${total.lines.pct} % of lines, ${total.branches.pct} % of branches`);
    const least = Object.entries(files).sort(([, a], [, b]) => a.lines.pct - b.lines.pct);
    for (const [file, { lines }] of least.slice(0, gaps)) {
      if (lines.pct < 100) console.log(`  ${lines.pct} % ${relative(folder, file)}`);
    }
  }
  rmSync(reports, { recursive: true });
}
