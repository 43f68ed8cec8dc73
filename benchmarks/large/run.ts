import {
  analyzeRangeTest,
  constant,
  type Policy,
  parsePolicy,
  parseTrace,
  type RangeTestTrace,
  sequence,
  toSchedule,
  triangular2,
} from '@clr/core';
import { renderReport } from '@clr/report';

// Measures the cost of large inputs and of inputs a tenth as large. Run: pnpm --filter @clr/benchmarks large
// Targets: each large input takes at most 2 s, and at most 15 times as long as the input a tenth as large.

function traceOf(count: number): RangeTestTrace {
  const points = Array.from({ length: count }, (_, step) => {
    const lr = 1e-5 * 1e6 ** (step / (count - 1));
    const noise = 0.1 * Math.sin(step * 12.9898);
    return { step, lr, loss: 0.4 + 1.9 / (1 + (lr / 0.05) ** 1.5) + (lr / 1.2) ** 3 + noise };
  });
  return { version: 1, spacing: 'exponential', startLr: 1e-5, endLr: 10, points };
}

const stagesOf = (count: number): Policy =>
  sequence(
    Array.from({ length: count }, (_, index) => ({
      policy: constant({ lr: index + 1 }),
      steps: 1 + (index % 3),
    })),
  );

interface Case {
  readonly what: string;
  readonly large: number;
  /** Makes the input, which is not timed, and returns the function to time. */
  readonly prepare: (size: number) => () => unknown;
}

const cases: readonly Case[] = [
  {
    what: 'parseTrace, points',
    large: 1_000_000,
    prepare(size) {
      const stored: unknown = JSON.parse(JSON.stringify(traceOf(size)));
      return () => parseTrace(stored);
    },
  },
  {
    what: 'analyzeRangeTest, points',
    large: 1_000_000,
    prepare(size) {
      const trace = traceOf(size);
      return () => analyzeRangeTest(trace);
    },
  },
  {
    what: 'parsePolicy and toSchedule of a sequence, stages',
    large: 100_000,
    prepare(size) {
      const stored: unknown = JSON.parse(JSON.stringify(stagesOf(size)));
      return () => toSchedule(parsePolicy(stored));
    },
  },
  {
    what: 'a million random lookups in a sequence, stages',
    large: 100_000,
    prepare(size) {
      const { lr } = toSchedule(stagesOf(size));
      return () => {
        let sum = 0;
        for (let index = 0; index < 1_000_000; index++) sum += lr((index * 7919) % (2 * size));
        return sum;
      };
    },
  },
  {
    what: 'renderReport of a policy, steps',
    large: 1_000_000,
    prepare(size) {
      const policy = triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: size / 8 });
      return () => renderReport({ policies: [{ name: 'long', policy }] });
    },
  },
];

/** Processor time in milliseconds, the lowest of three runs. */
function measure(run: () => unknown): number {
  let least = Infinity;
  for (let attempt = 0; attempt < 3; attempt++) {
    const began = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(began);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

console.log('| what | size | ms | ms for a tenth | ratio | missed target |\n|---|---|---|---|---|---|');
for (const { what, large, prepare } of cases) {
  const tenth = measure(prepare(large / 10));
  const all = measure(prepare(large));
  const missed = [all > 2000 && '2 s', all > 15 * tenth && '× 15'].filter(Boolean).join(', ');
  console.log(
    `| ${what} | ${large} | ${all.toFixed(0)} | ${tenth.toFixed(0)} | ${(all / tenth).toFixed(1)} | ${missed} |`,
  );
}
