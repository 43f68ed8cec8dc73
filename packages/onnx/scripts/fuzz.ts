// Damages several models at random. Checks that each one gives, within a second, a clear error or a model that runs.
//   node --import tsx scripts/fuzz.ts 20000        build each, with the seeds 0, 1, 2, …
//   node --import tsx scripts/fuzz.ts 20000 run    each model that is built also takes a step in ONNX Runtime
import { fuzzCase } from '../test/fuzz.ts';
import { fuzzSources } from '../test/fuzzSources.ts';

const count = Number(process.argv[2] ?? 20_000);
const run = process.argv[3] === 'run';
const first = Number(process.argv[4] ?? 0);
const sources = fuzzSources();
const endings: Record<string, number> = {};
const findings: string[] = [];
let slowest = 0;
for (let seed = first; seed < first + count; seed++) {
  const source = sources[seed % sources.length]!;
  if (process.env.CLR_FUZZ_TRACE) console.error(source.name, seed);
  try {
    const { ending, ms } = await fuzzCase(source, seed, run, 1000);
    endings[ending] = (endings[ending] ?? 0) + 1;
    slowest = Math.max(slowest, ms);
  } catch (error) {
    findings.push((error as Error).message);
    if (findings.length <= 40) console.log((error as Error).message, '\n');
  }
}
console.log({
  mutations: count,
  endings,
  findings: findings.length,
  slowestMs: Math.round(slowest),
  peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
});
process.exitCode = findings.length > 0 ? 1 : 0;
