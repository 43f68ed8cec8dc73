/**
 * Writes the public surface of every package to `docs/api/` with API Extractor, one file for each exported module, so
 * that no change of the surface is accidental:
 *
 *   npm run api              writes the files
 *   npm run api -- --check   fails if a file differs
 *
 * Both fail if a member of the surface has no doc comment.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs', 'api');
const check = process.argv.includes('--check');

/** The declaration files that a package exports, by the name of their report. */
function modules(name) {
  const { exports = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  return Object.entries(exports).flatMap(([path, { types } = {}]) =>
    types && !path.includes('*') ? [[`${name}${path.slice(1).replaceAll('/', '.')}`, types]] : [],
  );
}

/** Writes or checks one report. Returns true if it has not changed. */
function extract(name, report, types, temporary) {
  const project = join(root, 'packages', name);
  const entry = join(project, types);
  const compilerOptions = {
    ...{ module: 'nodenext', moduleResolution: 'nodenext', target: 'es2023', lib: ['es2023', 'dom'] },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')], skipLibCheck: true },
  };
  const quiet = { default: { logLevel: 'none' } };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: project,
      mainEntryPointFilePath: entry,
      compiler: { overrideTsconfig: { compilerOptions, files: [entry] } },
      apiReport: {
        enabled: true,
        reportFileName: `${report}.api.md`,
        reportFolder: folder,
        reportTempFolder: temporary,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: quiet,
        tsdocMessageReporting: quiet,
        compilerMessageReporting: { default: { logLevel: 'error' } },
      },
    },
    configObjectFullPath: join(project, 'api-extractor.json'),
    packageJsonFullPath: join(project, 'package.json'),
  });
  const messageCallback = (message) => {
    message.handled = message.logLevel !== 'error';
  };
  const { apiReportChanged, errorCount } = Extractor.invoke(config, { localBuild: !check, messageCallback });
  if (errorCount > 0) throw new Error(`API Extractor found errors in ${types} of ${name}`);
  return !apiReportChanged;
}

mkdirSync(folder, { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), 'clr-api-'));
try {
  const changed = [];
  const kept = new Set();
  for (const name of readdirSync(join(root, 'packages'))) {
    for (const [report, types] of modules(name)) {
      kept.add(`${report}.api.md`);
      if (!extract(name, report, types, temporary)) changed.push(report);
    }
  }
  for (const file of readdirSync(folder).filter((each) => !kept.has(each))) {
    if (check) changed.push(`${file}, which belongs to no module`);
    else rmSync(join(folder, file));
  }
  if (changed.length > 0) console.log(`${check ? 'Differs' : 'Written'}: ${changed.join(', ')}`);
  for (const file of kept) {
    const count = readFileSync(join(folder, file), 'utf8').split('(undocumented)').length - 1;
    if (count === 0) continue;
    console.error(`${file}: ${count} members have no doc comment; "(undocumented)" marks them.`);
    process.exitCode = 1;
  }
  if (check && changed.length > 0) {
    console.error(
      'The public surface has changed. If this is intended, run `npm run api` and commit docs/api.',
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
