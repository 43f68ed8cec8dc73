/**
 * Measures the cost of `cyclicLR`: times `fit` with this callback and without, on tfjs's cpu backend in Node and on
 * webgl in Chromium. `npx tsx tfjs-overhead/run.ts [rounds] [cpu or webgl]`. The target is a median ratio of 1.01 at
 * most.
 */
import { cpus, loadavg } from 'node:os';
import { inChromium } from '../inChromium.ts';
import { compare, nets, type Result } from './compare.ts';

const rounds = Number(process.argv[2] ?? 15);
const only = process.argv[3] ?? '';
console.log(`${rounds} pairs each; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);

// Measures CPU time. The backend is a single JavaScript thread, so other processes do not disturb it.
const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
if ('cpu'.includes(only)) {
  for (const net of Object.keys(nets)) report(net, 'cpu', await compare(net, 'cpu', rounds, cpuTime));
}
if ('webgl'.includes(only)) {
  await inChromium('tfjs-overhead', ['@tensorflow/tfjs'], async (page) => {
    for (const net of Object.keys(nets)) {
      const run = ([name, count]: [string, number]): Promise<Result> =>
        (window as unknown as { compare: typeof compare }).compare(name, 'webgl', count);
      report(net, 'webgl', await page.evaluate(run, [net, rounds] as [string, number]));
    }
  });
}

function report(net: string, backend: string, { pairs, hooks, steps }: Result): void {
  const step = median(pairs.map(({ without }) => without)) / steps;
  const ratios = pairs.map((pair) => pair.with / pair.without);
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  console.log(
    `${backend.padEnd(6)} ${net.padEnd(6)} ${step.toFixed(2)} ms a step; with cyclicLR ${median(ratios).toFixed(3)} × ` +
      `(quartiles ${low.toFixed(3)} to ${high.toFixed(3)}); its hooks alone ${(1000 * hooks).toFixed(0)} µs, ` +
      `${((100 * hooks) / step).toFixed(2)} % of a step`,
  );
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)]!;
}
