/**
 * Runs the packed packages in other runtimes, and compiles against their types with several versions of TypeScript.
 *
 *   node scripts/runtimes.mjs FOLDER [--all]
 *
 * FOLDER is the folder in which `use-packed.mjs` has installed the packages. `--all` runs all versions of Node and
 * TypeScript that `docs/runtimes.md` lists.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , work, ...flags] = process.argv;
const all = flags.includes('--all');
const user = join(work, 'user');
const root = fileURLToPath(new URL('..', import.meta.url));
const fromExample = createRequire(join(root, 'examples/tfjs-browser/package.json'));
const fromTooling = createRequire(join(root, 'tooling/package.json'));
const programs = join(root, 'scripts/runtimes');
for (const name of readdirSync(programs)) copyFileSync(join(programs, name), join(user, name));

// The runtimes and compilers are installed from the npm registry.
const versions = {
  node: { ...(all && { node22: '22.23.3', node24: '24.21.0' }), node: '26.10.0' },
  others: { bun: '1.4.5', deno: '2.9.6' },
  typescript: {
    'typescript-5.5': '5.5.4',
    ...(all && { 'typescript-5.9': '5.9.3', 'typescript-6.0': '6.0.3' }),
    'typescript-7.0': '7.0.2',
  },
};
const tools = join(work, 'tools');
mkdirSync(tools, { recursive: true });
writeFileSync(join(tools, 'package.json'), '{ "private": true }');
const aliases = [
  ...Object.entries(versions.node).map(([name, version]) => `${name}@npm:node@${version}`),
  ...Object.entries(versions.others).map(([name, version]) => `${name}@${version}`),
  ...Object.entries(versions.typescript).map(([name, version]) => `${name}@npm:typescript@${version}`),
];
execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...aliases], {
  cwd: tools,
  stdio: ['ignore', 'ignore', 'inherit'],
});

const bin = (name, path) => join(tools, 'node_modules', name, path);
const runtimes = [
  [`Node ${process.versions.node}`, process.execPath, []],
  ...Object.entries(versions.node).map(([name, version]) => [`Node ${version}`, bin(name, 'bin/node'), []]),
  [`Bun ${versions.others.bun}`, join(tools, 'node_modules/.bin/bun'), ['run']],
  [
    `Deno ${versions.others.deno}`,
    join(tools, 'node_modules/.bin/deno'),
    ['run', '--quiet', '--allow-all', '--node-modules-dir=manual'],
  ],
];

let failed = false;
const expected = {};
for (const [name, command, args] of runtimes) {
  for (const program of ['core', 'onnx', 'tfjs']) {
    let answer;
    try {
      const options = { cwd: user, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 };
      answer = execFileSync(command, [...args, `${program}.mjs`], options)
        .trim()
        .split('\n')
        .at(-1);
    } catch (error) {
      answer = `fails: ${String(error.stderr || error.message)
        .trim()
        .split('\n')
        .slice(0, 3)
        .join(' ')}`;
    }
    expected[program] ??= answer;
    const same = answer === expected[program] && !answer.startsWith('fails');
    if (!same) failed = true;
    console.log(`-- ${name}: ${program}: ${same ? 'as expected' : `DIFFERS: ${answer}`}`);
  }
}
console.log(`-- ${Object.values(expected).join('; ')}`);

/** The text that a page reports in Chromium. */
async function saidBy(browser, folder, page) {
  const server = createServer(({ url }, response) => {
    const file = join(folder, new URL(url, 'http://page').pathname);
    const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
    try {
      response.end(readFileSync(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tab = await browser.newPage();
  const faults = [];
  tab.on('pageerror', (error) => faults.push(String(error)));
  await tab.goto(`http://127.0.0.1:${server.address().port}/${page}`);
  const said = await tab.waitForFunction('globalThis.said', undefined, { timeout: 120_000 }).then(
    (handle) => handle.jsonValue(),
    () => `fails: ${faults.join(', ')}`,
  );
  server.close();
  return said;
}

const chromium = process.env.CLR_CHROMIUM ?? '/usr/bin/chromium';
if (existsSync(chromium)) {
  const { build } = await import(fromExample.resolve('vite'));
  const input = join(user, 'page.html');
  const config = { root: user, configFile: false, logLevel: 'warn', base: './', worker: { format: 'es' } };
  await build({ ...config, build: { outDir: 'built', target: 'es2022', rollupOptions: { input } } });
  const playwright = fromTooling('playwright');
  const browser = await playwright.chromium.launch({ executablePath: chromium, args: ['--no-sandbox'] });
  for (const [name, folder, page] of [
    ['Chromium, a worker built by Vite', join(user, 'built'), 'page.html'],
    ['Chromium, an import map', user, 'importmap.html'],
  ]) {
    const said = await saidBy(browser, folder, page);
    if (said !== expected.core) failed = true;
    console.log(`-- ${name}: core: ${said === expected.core ? 'as expected' : `DIFFERS: ${said}`}`);
  }
  await browser.close();
} else if (process.env.CLR_REQUIRE?.includes('chromium'))
  throw new Error(`CLR_REQUIRE asks for Chromium. Expected it at ${chromium}, but there is no such file.`);

/** The compiler's errors in our declarations and in the program. Errors in other packages are ignored. */
function typesIn(name, resolution) {
  const [module, moduleResolution] =
    resolution === 'nodenext' ? ['nodenext', 'nodenext'] : ['esnext', 'bundler'];
  const config = join(user, `tsconfig.${resolution}.json`);
  const compilerOptions = {
    ...{
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable'],
      strict: true,
      noEmit: true,
    },
    ...{ exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['types.ts'] }));
  try {
    execFileSync(process.execPath, [bin(name, 'lib/tsc.js'), '-p', config], { cwd: user, encoding: 'utf8' });
    return [];
  } catch ({ stdout = '' }) {
    return stdout.split('\n').filter((line) => /^(types\.ts|node_modules\/@clr\/)/.test(line));
  }
}
for (const name of Object.keys(versions.typescript)) {
  for (const resolution of ['nodenext', 'bundler']) {
    const errors = typesIn(name, resolution);
    if (errors.length > 0) failed = true;
    console.log(
      `-- ${name}, ${resolution}: ${errors.length === 0 ? 'types check' : errors.slice(0, 5).join('\n   ')}`,
    );
  }
}
process.exitCode = failed ? 1 : 0;
