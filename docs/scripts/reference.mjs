/**
 * Writes the reference of every package from its doc comments to `docs/reference/`: one page for each exported module.
 * Fails if an exported name or one of its members has no comment.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'docs/reference');

/** The names and declarations of the modules that a package exports. */
function modulesOf(folder) {
  const path = join(root, 'packages', folder);
  const { name, exports = {} } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  return Object.entries(exports).flatMap(([at, { types } = {}]) =>
    types ? [{ name: `${name}${at.slice(1)}`, types: join(path, types) }] : [],
  );
}

const modules = readdirSync(join(root, 'packages')).flatMap(modulesOf);
const packages = modules.map(({ name }) => name.split('/', 2).join('/'));
const temporary = mkdtempSync(join(tmpdir(), 'clr-reference-'));
const tsconfig = join(temporary, 'tsconfig.json');
writeFileSync(
  tsconfig,
  JSON.stringify({
    compilerOptions: {
      ...{ module: 'nodenext', moduleResolution: 'nodenext', target: 'es2023', lib: ['es2023', 'dom'] },
      ...{
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        skipLibCheck: true,
        noEmit: true,
      },
      ...{ strict: true, exactOptionalPropertyTypes: true },
    },
    files: modules.map(({ types }) => types),
  }),
);
try {
  const app = await Application.bootstrapWithPlugins({
    tsconfig,
    entryPoints: modules.map(({ types }) => types),
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    out,
    readme: 'none',
    hideGenerator: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    disableSources: true,
    excludeInternal: true,
    excludeExternals: true,
    excludePrivate: true,
    packagesRequiringDocumentation: packages,
    ...{ interfacePropertiesFormat: 'table', typeDeclarationFormat: 'table', parametersFormat: 'table' },
    ...{ propertiesFormat: 'table', classPropertiesFormat: 'table', useCodeBlocks: true },
    logLevel: 'Warn',
    validation: { notExported: false, invalidLink: false, notDocumented: true },
  });
  const project = await app.convert();
  if (!project) process.exit(1);
  for (const child of project.children) {
    const at = `/packages/${child.name}`;
    child.name = modules.find(({ types }) =>
      [`${at}.d.ts`, `${at}/index.d.ts`].some((end) => types.endsWith(end)),
    ).name;
  }
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasWarnings()) {
    console.error('Write a doc comment for each name above: what it is, its unit, its default.');
    process.exitCode = 1;
  }
} finally {
  rmSync(temporary, { recursive: true });
}
