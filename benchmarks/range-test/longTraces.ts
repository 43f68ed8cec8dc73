/**
 * Measures the processor time of analysing a range test, for traces of several lengths. Unlike wall-clock time, processor
 * time does not depend on the machine's other load. Each length runs in its own process.
 *
 * npx tsx range-test/longTraces.ts
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { analyzeRangeTest, type RangeTestTrace } from '@clr/core';
import { random } from '@clr/datasets';

/** A sweep from 1e-6 to 10 whose loss falls by 1.5 and diverges, with noise. */
function sweep(steps: number): RangeTestTrace {
  const next = random(1);
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const points = Array.from({ length: steps }, (_, step) => {
    const x = -6 + (7 * step) / (steps - 1);
    const loss = 2.3 - 1.5 * sigmoid(4 * (x + 2)) + 3 * sigmoid(10 * (x + 0.2)) + 0.2 * (next() - 0.5);
    return { step, lr: 10 ** x, loss };
  });
  return { version: 1, spacing: 'exponential', startLr: 1e-6, endLr: 10, points };
}

/** The hardest trace for the valley rule and the bins: always falling, over the whole range of rates. */
function falling(steps: number): RangeTestTrace {
  const points = Array.from({ length: steps }, (_, step) => ({
    step,
    lr: 10 ** (-307 + (614 * step) / (steps - 1)),
    loss: 2 - step / steps,
  }));
  return { version: 1, spacing: 'exponential', startLr: 1e-307, endLr: 1e307, points };
}

const kinds = { sweep, falling };
const [kind, steps] = process.argv.slice(2);
if (kind === undefined) {
  for (const name of Object.keys(kinds)) {
    const times = [1e4, 1e5, 1e6].map((length) => {
      const script = fileURLToPath(import.meta.url);
      const out = execFileSync(process.execPath, ['--import', 'tsx', script, name, String(length)]);
      return Number(out);
    });
    console.log(
      `${name}: ${times.map((time, i) => `10^${i + 4} points ${time.toFixed(2)} s`).join(', ')}; ` +
        `10^6 points take ${(times[2]! / times[1]!).toFixed(1)} times as long as 10^5`,
    );
  }
} else {
  const trace = kinds[kind as keyof typeof kinds](Number(steps));
  const began = process.cpuUsage();
  analyzeRangeTest(trace);
  const { user, system } = process.cpuUsage(began);
  console.log((user + system) / 1e6);
}
