import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

interface Grown {
  readonly rss: number;
  readonly heap: number;
}

it('memory stays flat over steps, and over trainers disposed of', async () => {
  const child = fork(fileURLToPath(new URL('../../scripts/memory.ts', import.meta.url)), ['1000'], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
  });
  const [result] = (await once(child, 'message')) as [{ overSteps: Grown; overLives: Grown }];
  console.log(result);
  // The state is 0.6 MB, its outputs as much: 800 steps that lost one would hold half a gigabyte. Resident memory
  // varies by 17 MB of its own accord.
  expect(result.overSteps.rss).toBeLessThan(48);
  expect(result.overSteps.heap).toBeLessThan(2);
  // 16 trainers that lost their sessions would hold some 100 MB; what the allocator keeps comes and goes by 20.
  expect(result.overLives.rss).toBeLessThan(32);
  expect(result.overLives.heap).toBeLessThan(2);
}, 300_000);
