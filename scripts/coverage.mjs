/**
 * Measures how much of each package its own tests cover, and names the files with the lowest coverage. Without names it
 * measures all packages and writes docs/coverage.md.
 *
 *   npm run coverage [-- core report …]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../packages', import.meta.url));
const page = new URL('../docs/coverage.md', import.meta.url);
const named = process.argv.slice(2);
const gaps = 3;

/** Runs a package's tests and reads their coverage; undefined if they wrote none. */
function measure(name) {
  const folder = join(packages, name);
  const reports = mkdtempSync(join(tmpdir(), 'clr-coverage-'));
  const coverage = [
    'enabled',
    'provider=v8',
    'include=src/**/*.ts',
    'exclude={src/generated/**,**/*.test-d.ts}',
    'reporter=json-summary',
    'reportOnFailure',
    `reportsDirectory=${reports}`,
  ].map((option) => `--coverage.${option}`);
  let failed = false;
  try {
    execFileSync('npx', ['vitest', 'run', '--testTimeout=900000', '--hookTimeout=900000', ...coverage], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch {
    failed = true;
  }
  const summary = join(reports, 'coverage-summary.json');
  const found = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : undefined;
  rmSync(reports, { recursive: true });
  if (!found) return undefined;
  const { total, ...files } = found;
  const least = Object.entries(files)
    .map(([file, { lines }]) => ({ file: relative(folder, file), percent: lines.pct }))
    .filter(({ percent }) => percent < 100)
    .sort((a, b) => a.percent - b.percent)
    .slice(0, gaps)
    .map(({ file, percent }) => `\`${file}\` ${percent} %`);
  return { lines: total.lines.pct, branches: total.branches.pct, least, failed };
}

const rows = [];
for (const name of named.length > 0 ? named : readdirSync(packages)) {
  const found = measure(name);
  if (!found) {
    console.error(`${name}: its tests wrote no coverage.`);
    process.exitCode = 1;
    continue;
  }
  const { lines, branches, least, failed } = found;
  if (failed) console.error(`${name}: some tests failed; the code that they ran is counted.`);
  rows.push(`| ${name} | ${lines} | ${branches} | ${least.join(', ') || '–'} |`);
  console.log(rows.at(-1));
}
if (named.length === 0 && !process.exitCode) {
  writeFileSync(
    page,
    `# Coverage

The share of each package's code that its own tests run, measured by \`npm run coverage\` on ${new Date().toISOString().slice(0, 10)}.
Code that runs only in child processes, or in the tests of other packages, is not counted. This concerns \`cli\`, \`mpi\` and
\`sweep\`, whose tests start processes.

| package | lines, % | branches, % | files with the lowest coverage of lines |
|---|---|---|---|
${rows.join('\n')}
`,
  );
}
