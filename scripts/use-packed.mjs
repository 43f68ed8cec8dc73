// Installs the packed tarballs of all packages into an empty folder with npm, as a user would. There it imports
// everything that they export, runs the adapter template's tests, and draws a policy with the command `clr`. In another
// empty folder it trains new models.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blockOf, frameworks, programsUnder } from './readme-programs.mjs';

const [, , work] = process.argv;
const folder = join(work, 'user');
mkdirSync(folder);
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, stdio: 'inherit' });
const say = (line) => console.log(`-- ${line}`);

const tarballs = readdirSync(join(work, 'tarballs')).map((name) => join(work, 'tarballs', name));
writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
run('npm', [
  ...['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
  ...tarballs,
  ...Object.values(frameworks).flat(),
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
const modules = readdirSync(new URL('../packages', import.meta.url)).flatMap(modulesOf);
say(`imports of all packages: ${modules.length} modules`);
const imports = modules.map((name) =>
  name.endsWith('.json')
    ? `await import('${name}', { with: { type: 'json' } })`
    : `if (Object.keys(await import('${name}')).length === 0) throw new Error('${name} exports nothing')`,
);
writeFileSync(join(folder, 'imports.mjs'), `${imports.join(';\n')};\n`);
run('node', ['--disable-warning=ExperimentalWarning', 'imports.mjs']);

say('the tests of a copy of the adapter template');
cpSync(fileURLToPath(new URL('../templates/adapter', import.meta.url)), join(folder, 'adapter'), {
  recursive: true,
});
execFileSync('node', ['--test'], { cwd: join(folder, 'adapter'), stdio: ['ignore', 'ignore', 'inherit'] });

say("drawing a policy with the command in @clr/cli's README");
const commands = blockOf('cli', 'sh').split('\n');
const drawn = commands.filter((line) => /^echo|^clr policy/.test(line)).join('\n');
run('sh', ['-euc', `clr() { npx --no-install clr "$@"; }\n${drawn}`]);
if (!readFileSync(join(folder, 'policy.svg'), 'utf8').includes('<svg'))
  throw new Error('Expected policy.svg to be an SVG picture.');

say("training the models of @clr/onnx's README in an empty folder");
const own = join(work, 'own');
mkdirSync(own);
const needed = ['core', 'checkpoint', 'onnx'].map((name) =>
  tarballs.find((path) => path.includes(`clr-${name}-`)),
);
execFileSync('npm', ['init', '-y'], { cwd: own, stdio: 'ignore' });
run(
  'npm',
  [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
    ...needed,
    ...frameworks.onnx,
  ],
  own,
);
const nets = programsUnder('onnx', 'A model of your own, without Python');
if (nets.length !== 2)
  throw new Error(`Expected two programs, a dense and a convolutional net. Received: ${nets.length}.`);
for (const [i, program] of nets.entries()) {
  writeFileSync(join(own, `net${i}.mjs`), program);
  run('node', [`net${i}.mjs`], own);
}
for (const [file, shape] of [
  ['circle.onnx', [3, 2]],
  ['stripes.onnx', [3, 1, 12, 12]],
]) {
  // The saved model also runs without clr, and with another number of examples.
  const program = `import * as ort from 'onnxruntime-node';
const session = await ort.InferenceSession.create('${file}');
const shape = ${JSON.stringify(shape)};
const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
const { output } = await session.run({ input: new ort.Tensor('float32', data, shape) });
if (output.dims.join() !== '3,2' || !output.data.every(Number.isFinite)) throw new Error('${file} gives ' + output.dims);
`;
  writeFileSync(join(own, 'use.mjs'), program);
  run('node', ['use.mjs'], own);
}
