// Releases all packages under another scope to a registry on this machine. Installs each package of `programs` from
// there into a new empty folder, and runs the first example of its README.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { frameworks, gpu, programs } from './readme-programs.mjs';

const scope = '@clr-release-check';
const [, , work] = process.argv;
const say = (line) => console.log(`-- ${line}`);

const registry = await startRegistry();
try {
  say(`a release under ${scope} to ${registry.url}`);
  run('node', ['scripts/release.mjs', '--scope', scope, '--registry', registry.url], process.cwd());
  for (const [name, program] of Object.entries(programs)) {
    const folder = join(work, `published-${name}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    writeFileSync(join(folder, '.npmrc'), `${scope}:registry=${registry.url}\n`);
    run(
      'npm',
      [
        ...['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
        ...new Set([`${scope}/core`, `${scope}/${name}`, ...frameworks[name]]),
      ],
      folder,
    );
    if (name === 'webgpu' && !hasGpu(folder)) continue;
    say(`the example of ${scope}/${name}'s README`);
    cpSync(new URL('../examples/onnx-node/lenet.onnx', import.meta.url), join(folder, 'lenet.onnx'));
    writeFileSync(join(folder, 'example.mjs'), program.replaceAll('@clr/', `${scope}/`));
    run('node', ['example.mjs'], folder);
  }
} finally {
  registry.stop();
}

const before = readFileSync(join(work, 'published-onnx', 'lenet.onnx'));
const trained = readFileSync(join(work, 'published-onnx', 'lenet-trained.onnx'));
if (trained.length !== before.length || trained.equals(before)) {
  throw new Error('Expected the exported model to be the same model with other weights.');
}

function run(command, args, cwd) {
  execFileSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...registry.env } });
}

/**
 * Starts an empty registry that accepts packages of the scope from anyone. npm gets all other packages from its usual
 * registry.
 */
async function startRegistry() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const home = join(work, 'registry');
  mkdirSync(home);
  writeFileSync(
    join(home, 'config.yaml'),
    `storage: ./storage
auth: { htpasswd: { file: ./htpasswd } }
packages: { '${scope}/*': { access: $all, publish: $all } }
max_body_size: 100mb
log: { type: file, path: ${join(home, 'log')}, level: warn }
`,
  );
  writeFileSync(
    join(home, 'package.json'),
    // A plugin of verdaccio requests a dist-tag that mirrors of the npm registry may lack.
    JSON.stringify({ private: true, overrides: { 'node-fetch': '2.7.0' } }),
  );
  execFileSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', 'verdaccio@6.2.9'],
    {
      cwd: home,
      stdio: 'inherit',
    },
  );
  const server = spawn(
    'node',
    ['node_modules/verdaccio/bin/verdaccio', '--config', 'config.yaml', '--listen', `127.0.0.1:${port}`],
    { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const stop = () => server.kill();
  for (;;) {
    if (server.exitCode !== null) throw new Error(`the registry ended with code ${server.exitCode}`);
    const answered = await fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    // npm needs a token to publish; this registry ignores it.
    if (answered) return { url, stop, env: { [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'none' } };
    await setTimeout(200);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** True if WebGPU works in Node on this machine. Otherwise the example is skipped, or fails if CLR_REQUIRE says so. */
function hasGpu(folder) {
  writeFileSync(
    join(folder, 'gpu.mjs'),
    `${gpu}process.exit((await navigator.gpu.requestAdapter()) ? 0 : 1);\n`,
  );
  try {
    execFileSync('node', ['gpu.mjs'], { cwd: folder, stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CLR_REQUIRE?.split(',').includes('webgpu'))
      throw new Error('CLR_REQUIRE asks for webgpu, but Node has no WebGPU adapter.');
    say('SKIPPED, because there is no WebGPU adapter: the example of @clr/webgpu');
    return false;
  }
}
