import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import { type Checkpoint, encodeCheckpoint } from './format.ts';

const pending = new Map<string, Promise<unknown>>();

/**
 * Writes a checkpoint so that the path always holds a whole one: into a file beside it, to the disk, and only
 * then in the place of the one before. Whenever the process or the machine stops, either is there.
 *
 * The file beside it is `<path>.partial`; a stopped process may leave it, the next save writes over it.
 * Saves to one path wait for each other; two processes must not write to the same path.
 *
 * @param path - where the checkpoint goes; its folder must exist
 * @throws {ClrError} on a step or snapshot that is none, or when the file cannot be written; the one before stays
 *
 * @example
 * ```ts
 * const { step } = await train(trainer, batches, { policy, steps: 4 });
 * await saveCheckpoint('run.clr', { step, snapshot: await trainer.snapshot(), extra: { policy } });
 * (await loadCheckpoint('run.clr')).step; // 4
 * ```
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { step, snapshot } = checkpoint;
  if (!Number.isSafeInteger(step) || step < 0) {
    throw fail('step to be an integer of at least 0', `step = ${show(step)}`, 'Pass the step to go on with.');
  }
  if (snapshot?.format !== 'clr/onnx') {
    throw fail('a snapshot of an OnnxTrainer', show(snapshot), 'Pass what trainer.snapshot() gave.');
  }
  const parts = encodeCheckpoint(checkpoint);
  const target = resolve(path);
  const before = pending.get(target) ?? Promise.resolve();
  const saved = before.then(() => write(target, parts));
  const settled = saved.catch(() => {});
  pending.set(target, settled);
  try {
    await saved;
  } catch (cause) {
    throw fail(
      'a checkpoint to be written',
      `${JSON.stringify(path)} (${cause instanceof Error ? cause.message : String(cause)})`,
      'Check that the folder exists and has room; the checkpoint before is still there.',
      { cause },
    );
  } finally {
    if (pending.get(target) === settled) pending.delete(target);
  }
}

async function write(target: string, parts: readonly Uint8Array[]): Promise<void> {
  const partial = `${target}.partial`;
  try {
    const file = await open(partial, 'w');
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Makes the renaming itself last; Windows opens no folders, and needs it not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
