import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

interface Grown {
  readonly rss: number;
  readonly heap: number;
}

async function measured(): Promise<{ overSteps: Grown; overLives: Grown }> {
  const child = fork(fileURLToPath(new URL('../../scripts/memory.ts', import.meta.url)), ['1000'], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
  });
  const [result] = (await once(child, 'message')) as [{ overSteps: Grown; overLives: Grown }];
  console.log(result);
  return result;
}

it('keeps memory flat over steps, and over trainers that are disposed of', async () => {
  // Between processes, resident memory varies by about as much as the bounds. A leak exceeds the bounds in every
  // process, so up to three processes are tried.
  const results = [await measured()];
  while (
    results.length < 3 &&
    results.every(({ overSteps, overLives }) => overSteps.rss >= 16 || overLives.rss >= 32)
  )
    results.push(await measured());
  const { overSteps, overLives } = results.at(-1)!;
  // The state takes 0.6 MB, and so do its outputs. 800 steps that each leak one of them would hold half a gigabyte.
  expect(overSteps.rss).toBeLessThan(16);
  expect(overSteps.heap).toBeLessThan(2);
  // 16 trainers that leak their sessions would hold about 100 MB. What the allocator keeps varies by 20 MB.
  expect(overLives.rss).toBeLessThan(32);
  expect(overLives.heap).toBeLessThan(2);
});
