/**
 * Measures how good the tests are: changes the source in one place at a time, and counts the changes that make a test
 * fail.
 *
 * npx tsx packages/core/scripts/mutate.ts [--target policies] [--only cycle] [--every 5] [--list]      (some twenty
 * minutes)
 *
 * It covers all code of the policies, of `peakFor` and of the classic rules, and every number in the analysis of the
 * range test. The source files stay unchanged, because a plugin serves the changed module. Not part of CI.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVitest } from 'vitest/node';
import { type Mutant, mutantsOf, mutate } from './mutants.ts';

interface Target {
  readonly files: RegExp;
  /**
   * Filters for Vitest: `quick` names the test files that notice most changes, `tests` all fast test files that may
   * notice a change.
   */
  readonly quick: readonly string[];
  readonly tests: readonly string[];
  readonly numbersOnly?: boolean;
}

const targets: Readonly<Record<string, Target>> = {
  policies: {
    files: /\/src\/policies\/[^.]+\.ts$/,
    quick: ['policies/closedForms', 'test/badInput'],
    tests: ['src/policies/', 'test/badInput', 'test/hostileJson', 'src/toSchedule', 'src/parsePolicy'],
  },
  numbers: {
    files: /\/src\/rangeTest\/(?!rules|finding|trace|rangeTest|sweep|probeRates|parseTrace|peak)[^.]+\.ts$/,
    quick: ['rangeTest/calibration'],
    tests: ['src/rangeTest/'],
    numbersOnly: true,
  },
  peak: {
    files: /\/src\/rangeTest\/peak\w+\.ts$/,
    quick: ['rangeTest/peakFor'],
    tests: ['rangeTest/peakFor'],
  },
  rules: {
    files: /\/src\/rangeTest\/rules\.ts$/,
    quick: ['rangeTest/fastaiRules'],
    tests: ['rangeTest/rules', 'rangeTest/fastaiRules'],
  },
};

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    only: { type: 'string', default: '' },
    every: { type: 'string', default: '1' },
    list: { type: 'boolean' },
  },
});

/** The JavaScript of the modules, as the tests load it. */
const sources = new Map<string, string>();
const noChange: Mutant = { start: 0, end: 0, replacement: '' };
let active: { readonly file: string; readonly mutant: Mutant } | undefined;

const vitest = await createVitest(
  'test',
  {
    root: fileURLToPath(new URL('..', import.meta.url)),
    watch: false,
    bail: 1,
    reporters: [{}],
    pool: 'threads',
    maxWorkers: 2,
    isolate: false,
    testTimeout: 120_000,
    // These tests change the numbers themselves, in modules that they load again.
    testNamePattern: /^(?!.*fails if .* is halved)/,
    setupFiles: [fileURLToPath(new URL('./guardLoops.ts', import.meta.url))],
  },
  {
    plugins: [
      {
        name: 'mutate',
        enforce: 'post',
        transform(code, id) {
          if (!Object.values(targets).some(({ files }) => files.test(id))) return undefined;
          if (active?.file === id) return { code: mutate(code, active.mutant), map: null };
          sources.set(id, code);
          // A change may also make a loop in another module endless.
          return { code: mutate(code, noChange), map: null };
        },
      },
    ],
  },
);

const found = new Map<readonly string[], Awaited<ReturnType<typeof vitest.globTestSpecifications>>>();

async function passes(tests: readonly string[]): Promise<boolean> {
  const specifications = found.get(tests) ?? (await vitest.globTestSpecifications([...tests]));
  found.set(tests, specifications);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  // Vitest also lists the modules of earlier runs, with their old states.
  const run = testModules.filter(({ moduleId }) => specifications.some((of) => of.moduleId === moduleId));
  const failed = run.some((module) => module.state() === 'failed' || module.errors().length > 0);
  return !failed && unhandledErrors.length === 0 && run.some((module) => module.state() === 'passed');
}

/** True if no test fails. */
async function survives(file: string, mutant: Mutant, { quick, tests }: Target): Promise<boolean> {
  active = { file, mutant };
  vitest.invalidateFile(file);
  const survived = (await passes(quick)) && (await passes(tests));
  active = undefined;
  vitest.invalidateFile(file);
  return survived;
}

const short = (code: string): string => code.replace(/\s+/g, ' ').slice(0, 80);

let [noticed, all] = [0, 0];
for (const [name, target] of Object.entries(targets)) {
  if (name !== (values.target ?? name)) continue;
  if (!(await passes(target.tests))) throw new Error(`The tests of ${name} fail without a change.`);
  for (const [file, code] of [...sources].sort()) {
    if (!target.files.test(file) || !new RegExp(values.only).test(file)) continue;
    const every = Number(values.every);
    const mutants = mutantsOf(code, target.numbersOnly === true).filter((_, i) => i % every === 0);
    const survivors: Mutant[] = [];
    for (const mutant of values.list ? [] : mutants)
      if (await survives(file, mutant, target)) survivors.push(mutant);
    noticed += mutants.length - survivors.length;
    all += mutants.length;
    console.log(
      `${file.replace(/.*\/src\//, '')}: ${mutants.length - survivors.length} of ${mutants.length}`,
    );
    for (const { start, end, replacement } of survivors) {
      const line = code.slice(0, start).split('\n').length;
      console.log(`    ${line}: ${short(code.slice(start - 20, end + 20))} | ${short(replacement)}`);
    }
  }
}
if (!values.list)
  console.log(`${noticed} of ${all} changes noticed: ${((100 * noticed) / all).toFixed(1)} %`);
await vitest.close();
process.exit();
