// Installs the packed tarballs of all packages into an empty folder with npm, as a user would; imports everything
// that they export there, and runs the first example of each README.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , work] = process.argv;
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const folder = join(work, 'user');
mkdirSync(folder);
const run = (command, args) => execFileSync(command, args, { cwd: folder, stdio: 'inherit' });
const say = (line) => console.log(`-- ${line}`);

/** The first fenced block of a package's README in one of the languages. */
function blockOf(name, ...languages) {
  const block = new RegExp(`\`\`\`(?:${languages.join('|')})\n([\\s\\S]*?)\`\`\``).exec(
    read(`packages/${name}/README.md`),
  )?.[1];
  if (block === undefined) throw new Error(`packages/${name}/README.md has no block of ${languages}`);
  return block;
}

const tarballs = readdirSync(join(work, 'tarballs')).map((name) => join(work, 'tarballs', name));
const names = readdirSync(new URL('../packages', import.meta.url));
/** The framework of an adapter, in the version that its own tests use. */
function framework(name, dependency) {
  const { devDependencies } = JSON.parse(read(`packages/${name}/package.json`));
  const version = devDependencies[dependency].replace('catalog:', '');
  return `${dependency}@${version || new RegExp(`${dependency}: (.+)`).exec(read('pnpm-workspace.yaml'))[1]}`;
}
writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
run('npm', [
  ...['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
  ...tarballs,
  framework('onnx', 'onnxruntime-node'),
  framework('tfjs', '@tensorflow/tfjs'),
  framework('webgpu', 'webgpu'),
]);

/** Every module that a package exports, by its import name. */
function modulesOf(name) {
  const root = join(folder, 'node_modules', '@clr', name);
  const { exports = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.keys(exports).flatMap((path) => {
    const [before, after] = path.split('*');
    const found = after === undefined ? [path] : readdirSync(join(root, before)).map((file) => before + file);
    return found.map((file) => `@clr/${name}${file.slice(1)}`);
  });
}
const modules = names.flatMap(modulesOf);
say(`imports of all packages: ${modules.length} modules`);
const imports = modules.map((name) =>
  name.endsWith('.json')
    ? `await import('${name}', { with: { type: 'json' } })`
    : `if (Object.keys(await import('${name}')).length === 0) throw new Error('${name} exports nothing')`,
);
writeFileSync(join(folder, 'imports.mjs'), `${imports.join(';\n')};\n`);
run('node', ['--disable-warning=ExperimentalWarning', 'imports.mjs']);

// Names that the examples use without declaring them: a model and batches; a test runner's describe and it; a GPU.
cpSync(new URL('../examples/onnx-node/lenet.onnx', import.meta.url), join(folder, 'lenet.onnx'));
const batches = `
const batches = [0, 1, 2].map((seed) => ({
  image: new ort.Tensor('float32', Float32Array.from({ length: 8 * 784 }, (_, i) => Math.sin(i + seed)), [8, 1, 28, 28]),
  target: new ort.Tensor('int64', BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i)), [8]),
}));
`;
const gpu = `import { create, globals } from 'webgpu';
Object.assign(globalThis, globals);
const navigator = { gpu: create([]) };
`;
const programs = {
  core: blockOf('core', 'ts', 'js'),
  report: blockOf('report', 'ts', 'js'),
  onnx: blockOf('onnx', 'ts', 'js').replace('\n\n', `\n${batches}\n`),
  tfjs: blockOf('tfjs', 'ts', 'js'),
  conformance: blockOf('conformance', 'ts', 'js').replace("'vitest'", "'node:test'"),
  ...(hasGpu() ? { webgpu: `${gpu}${blockOf('webgpu', 'ts', 'js')}process.exit();\n` } : {}),
};
for (const [name, program] of Object.entries(programs)) {
  say(`the example of @clr/${name}'s README, from the packed tarball`);
  writeFileSync(join(folder, `${name}.mjs`), program);
  run('node', [`${name}.mjs`]);
}
const trained = readFileSync(join(folder, 'lenet-trained.onnx'));
const before = readFileSync(join(folder, 'lenet.onnx'));
if (trained.length !== before.length || trained.equals(before)) {
  throw new Error('the exported model is not the same model with other weights');
}

say("the command of @clr/cli's README that draws a policy");
const commands = blockOf('cli', 'sh').split('\n');
const drawn = commands.filter((line) => /^echo|^clr policy/.test(line)).join('\n');
run('sh', ['-euc', `clr() { npx --no-install clr "$@"; }\n${drawn}`]);
if (!readFileSync(join(folder, 'policy.svg'), 'utf8').includes('<svg')) throw new Error('no picture');

/** Whether WebGPU works in Node here; without it the example is left out, unless CLR_REQUIRE names it. */
function hasGpu() {
  writeFileSync(
    join(folder, 'gpu.mjs'),
    `${gpu}process.exit((await navigator.gpu.requestAdapter()) ? 0 : 1);\n`,
  );
  try {
    execFileSync('node', ['gpu.mjs'], { cwd: folder, stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CLR_REQUIRE?.split(',').includes('webgpu')) throw new Error('no WebGPU adapter in Node');
    say('SKIPPED, for want of a WebGPU adapter: the example of @clr/webgpu');
    return false;
  }
}
