import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCheckpoint } from '@clr/checkpoint/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxSnapshot } from '../src/index.ts';
import { smallModel } from './smallModel.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a run that is killed', () => {
  const kills = 22;

  /** Starts a run of the built package that ends at a given step. */
  const start = (steps: number, path?: string): ChildProcess =>
    fork(
      fileURLToPath(new URL('./checkpointingRun.mjs', import.meta.url)),
      [join(folder, 'model.onnx'), `${steps}`, ...(path === undefined ? [] : [path])],
      { execArgv: [] },
    );
  const message = async (child: ChildProcess): Promise<unknown> => {
    const [word] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    return word;
  };
  /** The hash of the final state of a run. */
  const ending = async (steps: number, path?: string): Promise<unknown> => {
    const child = start(steps, path);
    expect(await message(child)).toBe('running');
    const hash = await message(child);
    expect(hash).toHaveLength(64);
    return hash;
  };

  it(`has a complete checkpoint after each of ${kills} kills, and ends with the bits of an uninterrupted run`, async () => {
    await writeFile(join(folder, 'model.onnx'), smallModel(2000));
    const path = join(folder, 'killed');
    const stood: number[] = [];
    let torn = 0;
    for (let kill = 0; kill < kills; kill++) {
      const child = start(1_000_000, path);
      expect(await message(child)).toBe('running');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
      const checkpoint = await loadCheckpoint(path);
      expect(checkpoint?.step).toBe((checkpoint?.snapshot as OnnxSnapshot | undefined)?.step);
      stood.push(checkpoint?.step ?? 0);
      if ((await readdir(folder)).some((name) => name.endsWith('.partial'))) torn += 1;
    }
    console.log(
      `killed at steps ${stood.join(', ')}; ${torn} times with a partly written file next to the checkpoint`,
    );
    expect(stood).toEqual([...stood].sort((a, b) => a - b));
    const reached = (stood.at(-1) as number) + 20;
    expect(await ending(reached, path)).toBe(await ending(reached));
  });
});
