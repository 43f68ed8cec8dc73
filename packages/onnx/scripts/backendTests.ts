// Judges gradients by ONNX's own backend tests. Each float input of a test becomes a weight, the loss is a fixed random
// weighting of all float outputs, and clr's gradients are compared with central differences of ONNX Runtime's own
// forward pass. Not in CI: it needs Debian's data.
//   apt-get install libonnx-testdata
//   node --import tsx scripts/backendTests.ts               all tests, as tables
//   node --import tsx scripts/backendTests.ts convtranspose   the tests whose names contain this text, one by one
//   CLR_ONNX_TESTDATA=/some/where …                         another folder with the data
//
// right      the gradients agree in every tested direction (at nearby values, if the test's values lie at kinks), or the
//            derivative is 0 because the forward pass is constant
// wrong      they do not agree, a weight that the output depends on gets no gradient, or the emitted model does not run
// refused    the build ends with an error of this package; the table lists the operators that these errors name
// not run    ONNX Runtime does not run the test itself; such tests and random ones are not counted
import { existsSync, readdirSync } from 'node:fs';
import { judge, type Verdict } from './backend/judge.ts';
import { readTest } from './backend/readTest.ts';

const root = process.env.CLR_ONNX_TESTDATA ?? '/usr/share/libonnx-testdata/data';
const wanted = process.argv[2] ?? '';
if (!existsSync(root)) throw new Error(`No data at ${root}. On Debian: apt-get install libonnx-testdata`);

const suites = ['node', 'pytorch-converted', 'pytorch-operator', 'simple'];
const verdicts: { name: string; operator: string; verdict: Verdict }[] = [];
const left: Record<string, number> = {};
for (const suite of suites) {
  for (const folder of readdirSync(`${root}/${suite}`)) {
    if (!folder.includes(wanted)) continue;
    const test = readTest(`${root}/${suite}/${folder}`, folder);
    if (typeof test === 'string') {
      left[test] = (left[test] ?? 0) + 1;
      continue;
    }
    const verdict = await judge(test);
    verdicts.push({ name: `${suite}/${folder}`, operator: test.operator, verdict });
    if (wanted) console.log(verdict.ending.padEnd(9), folder, verdict.why);
  }
}

const endings = ['right', 'wrong', 'refused', 'undecided', 'random', 'not run'] as const;
const count = (list: typeof verdicts): Record<string, number> =>
  Object.fromEntries(
    endings.map((ending) => [ending, list.filter(({ verdict }) => verdict.ending === ending).length]),
  );

const operators = [...new Set(verdicts.map(({ operator }) => operator))].sort();
if (!wanted)
  console.table(
    Object.fromEntries(
      operators.map((name) => [name, count(verdicts.filter(({ operator }) => operator === name))]),
    ),
  );
const bySuite = Object.fromEntries(
  suites.map((suite) => [suite, count(verdicts.filter(({ name }) => name.startsWith(`${suite}/`)))]),
);
console.log('\nRefused:');
const reasons = new Map<string, string[]>();
for (const { name, verdict } of verdicts) {
  if (verdict.ending !== 'refused') continue;
  const received = /Received: (.*)/.exec(verdict.why)?.[1] ?? verdict.why;
  const reason = `${verdict.operator ?? '(names no operator)'}: ${received.replace(/node "[^"]*" \([^)]*\):?/, '').trim()}`;
  reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
}
for (const [reason, names] of [...reasons].sort((a, b) => b[1].length - a[1].length))
  console.log(`  ${names.length} × ${reason}   (${names[0]})`);
for (const ending of ['wrong', 'undecided'] as const) {
  console.log(`\n${ending}:`);
  for (const { name, verdict } of verdicts)
    if (verdict.ending === ending) console.log(`  ${name}: ${verdict.why.slice(0, 300)}`);
}
console.log('\nCannot judge:', left);
console.table(bySuite);
const total = count(verdicts);
const run = verdicts.length - (total['not run'] ?? 0) - (total.random ?? 0);
console.log({ run, ...total });
process.exitCode = (total.wrong ?? 0) > 0 ? 1 : 0;
