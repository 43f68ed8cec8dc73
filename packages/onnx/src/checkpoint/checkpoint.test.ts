import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClrError } from '@clr/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallModel } from '../../test/smallModel.ts';
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

  /** Starts the run of the built package, up to a step. */
  const start = (steps: number, path?: string): ChildProcess =>
    fork(
      fileURLToPath(new URL('../../test/checkpointingRun.mjs', import.meta.url)),
      [join(folder, 'model.onnx'), `${steps}`, ...(path === undefined ? [] : [path])],
      { execArgv: [] },
    );
  const message = async (child: ChildProcess): Promise<unknown> => {
    const [word] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    return word;
  };
  /** The hash of the state in which a run ends. */
  const ending = async (steps: number, path?: string): Promise<unknown> => {
    const child = start(steps, path);
    expect(await message(child)).toBe('running');
    const hash = await message(child);
    expect(hash).toHaveLength(64);
    return hash;
  };

  it(`${kills} times at random moments has a whole checkpoint, and ends with the same bits`, async () => {
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
      expect(checkpoint?.step).toBe(checkpoint?.snapshot.step);
      stood.push(checkpoint?.step ?? 0);
      if ((await readdir(folder)).includes('killed.partial')) torn += 1;
    }
    console.log(`killed at steps ${stood.join(', ')}; ${torn} times with a half-written file beside it`);
    expect(stood).toEqual([...stood].sort((a, b) => a - b));
    const reached = (stood.at(-1) as number) + 20;
    expect(await ending(reached, path)).toBe(await ending(reached));
  }, 180_000);
});
