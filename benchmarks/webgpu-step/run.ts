/**
 * Compares training steps with tfjs and jax-js on one adapter in one page. Also measures the host time per step, and
 * the optimizer's bandwidth compared with the device's copy. `npx tsx webgpu-step/run.ts [rounds] [part of a net's
 * name]`.
 */
import { cpus, loadavg } from 'node:os';
import { inChromium } from '../inChromium.ts';
import { nets } from './nets.ts';
import type { Result } from './page.ts';

const rounds = Number(process.argv[2] ?? 3);
const only = process.argv[3] ?? '';

const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu', '@jax-js/jax'];
await inChromium('webgpu-step', packages, async (page, browser) => {
  const adapter = await page.evaluate(async () => {
    const info = (await navigator.gpu.requestAdapter())?.info;
    return `${info?.vendor} ${info?.architecture} ${info?.description}`.trim();
  });
  console.log(
    `Chromium ${browser.version()}, ${adapter}; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`,
  );

  for (const name of Object.keys(nets).filter((net) => net.includes(only))) {
    const results = await page.evaluate(([net, count]) => window.compare(net, count), [
      name,
      rounds,
    ] as const);
    const host = await page.evaluate((net) => window.host(net), name);
    console.log(`\n${name}   host time per step, 50 to a submission: ${host.toFixed(1)} µs`);
    const ours = best(results.clr as Result);
    for (const [library, result] of Object.entries(results)) {
      if (result.problem) {
        console.log(`  ${library.padEnd(7)} ${result.problem.split('\n')[0]}`);
        continue;
      }
      const least = best(result);
      const ratio = library === 'clr' ? '' : `   clr is ${(least / ours).toFixed(1)} × as fast`;
      console.log(
        `  ${library.padEnd(7)} ${least.toFixed(1).padStart(8)} ms/step  ${(1000 / least).toFixed(2).padStart(7)} steps/s${ratio}`,
      );
    }
  }
  const { copy, shader, adam } = await page.evaluate(() => window.bandwidth());
  const speed = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB/s`;
  const share = (of: number): string => `${((100 * adam) / of).toFixed(0)} %`;
  console.log(
    `\nAdam, 10 M weights: ${speed(adam)}; ${share(copy)} of copyBufferToBuffer (${speed(copy)}), ${share(shader)} of a copying kernel (${speed(shader)})`,
  );
});

/** The fastest round, which was disturbed least. */
function best({ milliseconds }: Result): number {
  return Math.min(...milliseconds);
}
