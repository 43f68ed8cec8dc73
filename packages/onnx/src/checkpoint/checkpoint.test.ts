import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClrError } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../test/checkpointingRun.ts';
import type { OnnxSnapshot } from '../index.ts';
import { loadCheckpoint, saveCheckpoint } from './index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

const snapshot: OnnxSnapshot = {
  format: 'clr/onnx',
  version: 1,
  step: 7,
  state: { parameters: Float32Array.of(1, -0, Number.NaN, 1e-45), slots: Float64Array.of(Math.PI) },
};

describe('a checkpoint', () => {
  it('comes back as it was saved', async () => {
    const path = join(folder, 'whole');
    expect(await loadCheckpoint(path)).toBeUndefined();
    const checkpoint = { step: 5, snapshot, extra: { seed: 3, text: 'ü' } };
    await saveCheckpoint(path, checkpoint);
    expect(await loadCheckpoint(path)).toEqual(checkpoint);
    await saveCheckpoint(path, { step: 6, snapshot });
    expect(await loadCheckpoint(path)).toEqual({ step: 6, snapshot });
  });

  it('is the last of several saved at once, and leaves nothing beside it', async () => {
    const path = join(folder, 'many');
    await Promise.all(Array.from({ length: 8 }, (_, step) => saveCheckpoint(path, { step, snapshot })));
    expect((await loadCheckpoint(path))?.step).toBe(7);
    expect((await readdir(folder)).filter((name) => name.startsWith('many'))).toEqual(['many']);
  });

  it('is refused when a byte is wrong or missing', async () => {
    const path = join(folder, 'damaged');
    await saveCheckpoint(path, { step: 5, snapshot });
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 1;
      await writeFile(path, flipped);
      await expect(loadCheckpoint(path)).rejects.toThrow(ClrError);
    }
    for (const length of [0, 5, 12, 60, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(loadCheckpoint(path)).rejects.toThrow('Expected a whole checkpoint');
    }
  });

  it('that cannot be written leaves the one before', async () => {
    const path = join(folder, 'kept');
    await saveCheckpoint(path, { step: 1, snapshot });
    await mkdir(`${path}.partial`);
    await expect(saveCheckpoint(path, { step: 2, snapshot })).rejects.toThrow('to be written');
    expect((await loadCheckpoint(path))?.step).toBe(1);
    await expect(saveCheckpoint(path, { step: -1, snapshot })).rejects.toThrow('step = -1');
    await expect(saveCheckpoint(path, { step: 1, snapshot: {} as OnnxSnapshot })).rejects.toThrow('snapshot');
  });
});

describe('a run that is killed', () => {
  const kills = 22;
  const steps = 4000;
  const width = 2000;

  const start = (path: string): ChildProcess =>
    fork(
      fileURLToPath(new URL('../../test/checkpointingRun.ts', import.meta.url)),
      [path, `${steps}`, `${width}`],
      {
        execArgv: ['--import', 'tsx'],
      },
    );

  it(`${kills} times at random moments has a whole checkpoint, and ends with the same bits`, async () => {
    const path = join(folder, 'killed');
    const stood: number[] = [];
    let torn = 0;
    for (let kill = 0; kill < kills; kill++) {
      const child = start(path);
      const word = await Promise.race([once(child, 'message'), once(child, 'exit')]);
      expect(word).toEqual(['running', undefined]);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
      const checkpoint = await loadCheckpoint(path);
      expect(checkpoint?.step).toBe(checkpoint?.snapshot.step);
      stood.push(checkpoint?.step ?? 0);
      if ((await readdir(folder)).includes('killed.partial')) torn += 1;
    }
    expect(stood).toEqual([...stood].sort((a, b) => a - b));
    const reached = (stood.at(-1) as number) + 20;
    console.log(`killed at steps ${stood.join(', ')}; ${torn} times with a half-written file beside it`);
    // The rest in this process, from the last checkpoint; and the whole run without one.
    expect(await run(path, reached, width)).toBe(await run(undefined, reached, width));
  }, 120_000);
});
