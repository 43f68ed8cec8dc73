/**
 * Bundles the parts of ECharts that @clr/report uses, and its licences, into the package. Otherwise an installation
 * would download all 62 MB of ECharts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const file = fileURLToPath(new URL('../dist/chart/echarts.js', import.meta.url));
await build({
  entryPoints: [file],
  outfile: file,
  allowOverwrite: true,
  ...{
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  },
});

const require = createRequire(import.meta.url);
const echarts = dirname(require.resolve('echarts/package.json'));
const zrender = dirname(createRequire(join(echarts, 'package.json')).resolve('zrender/package.json'));
const texts = [join(echarts, 'NOTICE'), join(echarts, 'LICENSE'), join(zrender, 'LICENSE')];
const notice = [
  'echarts.js holds parts of Apache ECharts and of ZRender.',
  ...texts.map((path) => readFileSync(path, 'utf8')),
];
writeFileSync(file.replace(/\.js$/, '.LICENSE.txt'), notice.join(`\n${'-'.repeat(80)}\n`));
