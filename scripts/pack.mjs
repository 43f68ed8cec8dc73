/**
 * Packs every public package and prints the line that installs them.
 *
 *   npm run pack                              tarballs in ./tarballs, named @clr/…
 *   npm run pack -- --scope @name --out dir   the same under another scope
 *   npm run pack -- --repository https://…    the same with that address in every manifest
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const ownScope = '@clr';
const text = /\.(js|ts|json|md|map|html|css)$/;

/**
 * Builds and packs all packages, with every `@clr/…` in them rewritten to the scope: manifests, imports, types, docs.
 *
 * @param {{ scope?: string, repository?: string, out: string }} options - an npm scope such as `@name`, the address of the
 *   repository's page, and the folder for the tarballs
 * @returns {{ name: string, version: string, tarball: string }[]} the packages, each after its dependencies
 */
export function packAll({ scope = ownScope, repository, out }) {
  const page = repository === undefined ? undefined : pageOf(repository);
  if (!/^@[a-z0-9][a-z0-9._-]*$/.test(scope)) {
    throw new Error(`Expected --scope to be an npm scope such as @name.\nReceived: --scope ${scope}`);
  }
  run('npx', ['turbo', 'run', 'build', '--output-logs=errors-only'], root);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'clr-pack-'));
  try {
    const folders = readdirSync(join(root, 'packages'));
    const rename = renamer(folders, scope);
    const packed = folders.map((folder) => {
      const from = join(work, folder);
      mkdirSync(from);
      run('npx', ['-y', pnpm(), 'pack', '--out', join(from, 'packed.tgz')], join(root, 'packages', folder));
      run('tar', ['xzf', 'packed.tgz'], from);
      const content = join(from, 'package');
      if (scope !== ownScope) rewrite(content, rename);
      const manifest = forUsers(join(content, 'package.json'), page && addressesOf(page, folder));
      const [made] = JSON.parse(
        run('npm', ['pack', content, '--json', '--ignore-scripts', '--pack-destination', out], work),
      );
      return { manifest, tarball: join(out, made.filename) };
    });
    return inOrder(packed).map(({ manifest: { name, version }, tarball }) => ({ name, version, tarball }));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Returns a function that replaces the scope in `@clr/…` by another scope, for the packages of this repository. */
function renamer(folders, scope) {
  const names = new RegExp(`${ownScope}/(?=(?:${folders.join('|')})\\b)`, 'g');
  return (content) => content.replace(names, `${scope}/`);
}

function rewrite(folder, rename) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !text.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(path, rename(readFileSync(path, 'utf8')));
  }
}

/** The address of the repository's page, without `git+` and `.git`, which only the address for cloning has. */
function pageOf(repository) {
  const page = repository.replace(/^git\+/, '').replace(/(\.git)?\/?$/, '');
  if (URL.canParse(page) && new URL(page).protocol === 'https:') return page;
  throw new Error(
    `Expected --repository to be the address of a page, such as https://github.com/name/clr.\nReceived: --repository ${repository}`,
  );
}

/**
 * The fields of a manifest that say where a package comes from. npm needs `repository` to publish with provenance.
 */
function addressesOf(page, folder) {
  return {
    repository: { type: 'git', url: `git+${page}.git`, directory: `packages/${folder}` },
    homepage: `${page}/tree/HEAD/packages/${folder}#readme`,
    bugs: { url: `${page}/issues` },
  };
}

/** Removes the fields of a manifest that only this workspace uses, and adds the addresses. */
function forUsers(path, addresses) {
  const { devDependencies, scripts, ...own } = JSON.parse(readFileSync(path, 'utf8'));
  const manifest = { ...own, ...addresses };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Sorts packages after their dependencies, so that each can be installed as soon as it is published. */
function inOrder(packed) {
  const byName = new Map(packed.map((each) => [each.manifest.name, each]));
  const ordered = new Set();
  const add = (each) => {
    const { dependencies = {}, peerDependencies = {} } = each.manifest;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (byName.has(name)) add(byName.get(name));
    }
    ordered.add(each);
  };
  for (const each of packed) add(each);
  return [...ordered];
}

function pnpm() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
}

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({
      options: {
        scope: { type: 'string' },
        repository: { type: 'string' },
        out: { type: 'string', default: 'tarballs' },
      },
    });
    const packed = packAll({ ...values, out: resolve(values.out) });
    const paths = packed.map(({ tarball }) => relative(process.cwd(), tarball));
    console.log(
      `${paths.join('\n')}\n\nInstall the packages that you need, with the packages that they depend on:\n\n  npm install ${paths.map((path) => join(process.cwd(), path)).join(' ')}`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
