// Installs the packed tarballs into an empty folder with npm, as a user would, and runs the READMEs' examples there.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , work] = process.argv;
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const folder = join(work, 'user');
mkdirSync(folder);
const run = (command, args) => execFileSync(command, args, { cwd: folder, stdio: 'inherit' });

/** The first block of code in a package's README. */
function exampleOf(name) {
  const example = /```(?:ts|js)\n([\s\S]*?)```/.exec(read(`packages/${name}/README.md`))?.[1];
  if (example === undefined) throw new Error(`packages/${name}/README.md has no example`);
  return example;
}

const packed = readdirSync(join(work, 'tarballs')).map((name) => join(work, 'tarballs', name));
const tarball = (name) => packed.find((path) => path.includes(`clr-${name}-`));
const runtime = /onnxruntime-node: (.+)/.exec(read('pnpm-workspace.yaml'))[1];
writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
run('npm', [
  ...['install', '--no-audit', '--no-fund', '--ignore-scripts'],
  ...[tarball('core'), tarball('onnx'), `onnxruntime-node@${runtime}`],
]);

// What the example of @clr/onnx takes for granted: a model, and batches; and fewer steps than it takes.
cpSync(new URL('../examples/onnx-node/lenet.onnx', import.meta.url), join(folder, 'lenet.onnx'));
const batches = `
const batches = [0, 1, 2].map((seed) => ({
  image: new ort.Tensor('float32', Float32Array.from({ length: 8 * 784 }, (_, i) => Math.sin(i + seed)), [8, 1, 28, 28]),
  target: new ort.Tensor('int64', BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i)), [8]),
}));
`;
const programs = {
  core: exampleOf('core'),
  onnx: exampleOf('onnx').replace('\n\n', `\n${batches}\n`),
};
for (const [name, program] of Object.entries(programs)) {
  console.log(`-- the example of @clr/${name}'s README, from the packed tarball`);
  writeFileSync(join(folder, `${name}.mjs`), program);
  run('node', [`${name}.mjs`]);
}
const trained = readFileSync(join(folder, 'lenet-trained.onnx'));
const before = readFileSync(join(folder, 'lenet.onnx'));
if (trained.length !== before.length || trained.equals(before)) {
  throw new Error('the exported model is not the same model with other weights');
}
