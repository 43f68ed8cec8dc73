// Turns the first example in each package's README into a runnable program. To do so, it adds the variables that the
// example does not declare.
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** The first code block in a package's README in one of the given languages. */
export function blockOf(name, ...languages) {
  const block = new RegExp(`\`\`\`(?:${languages.join('|')})\n([\\s\\S]*?)\`\`\``).exec(
    read(`packages/${name}/README.md`),
  )?.[1];
  if (block === undefined) throw new Error(`packages/${name}/README.md has no code block in ${languages}.`);
  return block;
}

/**
 * The programs in a section of a package's README, as modules. A module fails if the expression on a line that ends in
 * `// true` is not true.
 */
export function programsUnder(name, heading) {
  const text = read(`packages/${name}/README.md`);
  const [, section = ''] = text.split(`## ${heading}\n`);
  const [own] = section.split('\n## ');
  return [...own.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program]) =>
    program.replaceAll(/^(.+); \/\/ true$/gm, 'if (!($1)) throw new Error("not true: $1");'),
  );
}

/** The argument of `npm install` for an adapter's framework, in the version that the adapter's own tests use. */
function framework(name, dependency) {
  const { devDependencies } = JSON.parse(read(`packages/${name}/package.json`));
  const version = devDependencies[dependency].replace('catalog:', '');
  return `${dependency}@${version || new RegExp(`${dependency}: (.+)`).exec(read('pnpm-workspace.yaml'))[1]}`;
}

/** The packages that each package needs besides itself and core. */
export const frameworks = {
  core: [],
  report: [],
  conformance: [],
  onnx: [framework('onnx', 'onnxruntime-node')],
  tfjs: [framework('tfjs', '@tensorflow/tfjs')],
  webgpu: [framework('webgpu', 'webgpu')],
};

const batches = `
const batches = [0, 1, 2].map((seed) => ({
  image: new ort.Tensor('float32', Float32Array.from({ length: 8 * 784 }, (_, i) => Math.sin(i + seed)), [8, 1, 28, 28]),
  target: new ort.Tensor('int64', BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i)), [8]),
}));
`;

/** Gives Node the `navigator.gpu` of a browser. */
export const gpu = `import { create, globals } from 'webgpu';
Object.assign(globalThis, globals);
const navigator = { gpu: create([]) };
`;

/** The programs by package. The program of onnx reads `lenet.onnx` in its folder and writes `lenet-trained.onnx`. */
export const programs = {
  core: blockOf('core', 'ts', 'js'),
  report: blockOf('report', 'ts', 'js'),
  conformance: blockOf('conformance', 'ts', 'js').replace("'vitest'", "'node:test'"),
  onnx: blockOf('onnx', 'ts', 'js').replace('\n\n', `\n${batches}\n`),
  tfjs: blockOf('tfjs', 'ts', 'js'),
  webgpu: `${gpu}${blockOf('webgpu', 'ts', 'js')}process.exit();\n`,
};
