// Installs the packed tarballs into an empty folder with npm, as a user would, and uses them from there.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , work] = process.argv;
const folder = join(work, 'user');
mkdirSync(folder);
const tarballs = readdirSync(join(work, 'tarballs')).map((name) => join(work, 'tarballs', name));
const find = (name) => tarballs.find((path) => path.includes(`clr-${name}-`));
writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));

const run = (command, args) => execFileSync(command, args, { cwd: folder, stdio: 'inherit' });
const { catalog } = readCatalog();
run('npm', [
  'install',
  '--no-audit',
  '--no-fund',
  '--ignore-scripts',
  find('core'),
  find('onnx'),
  `onnxruntime-node@${catalog}`,
]);

// The first example of each README runs as it stands.
mkdirSync(join(folder, 'models'), { recursive: true });
for (const name of ['core', 'onnx']) {
  const readme = readFileSync(new URL(`../packages/${name}/README.md`, import.meta.url), 'utf8');
  const example = /```(?:ts|js|javascript|typescript)\n([\s\S]*?)```/.exec(readme)?.[1];
  if (example === undefined) throw new Error(`packages/${name}/README.md has no example`);
  cpSync(new URL('../packages/onnx/test/models/', import.meta.url), folder, {
    recursive: true,
    force: true,
    errorOnExist: false,
  });
  writeFileSync(join(folder, `${name}.mjs`), example);
  console.log(`-- the example of @clr/${name}'s README, from the packed tarball`);
  run('node', [`${name}.mjs`]);
}

function readCatalog() {
  const workspace = readFileSync(new URL('../pnpm-workspace.yaml', import.meta.url), 'utf8');
  return { catalog: /onnxruntime-node: (.+)/.exec(workspace)[1] };
}
