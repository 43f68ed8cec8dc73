import { fileURLToPath } from 'node:url';
import * as core from '@clr/core';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as curves from '../src/curves/index.ts';
import * as report from '../src/index.ts';
import * as terminal from '../src/terminal/index.ts';
import { exampleRun, exampleTrace } from './examples.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const trace = exampleTrace();
const policy = core.triangular2({ baseLr: 0.01, maxLr: 0.1, stepSize: 125 });

describeExamples({
  sources: path('../src'),
  exports: [report, curves, terminal],
  pages: [path('../README.md')],
  scope: () => ({
    ...core,
    ...report,
    ...curves,
    ...terminal,
    trace,
    finding: core.analyzeRangeTest(trace),
    run: exampleRun(policy, 0.99),
    other: exampleRun(policy, 0.98),
  }),
  modules: { '@clr/core': core, '@clr/report': report },
});
