import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { richest, steps, withModel } from '../model.ts';

/**
 * A snapshot is a copy. Later steps do not change it, it can be restored more than once, and changing it afterwards
 * does not change the model.
 */
export const snapshotsStayUnchanged: TrainableCheck = {
  name: 'takes snapshots that later steps do not change',
  async run(subject) {
    await withModel(richest(subject), async (model) => {
      const start = await steps(model, subject, 0, 3);
      const snapshot = await model.trainable.snapshot();
      sameBits(await model.weights(), start, 'snapshot() to change no weight', 'Only read.');
      for (const time of ['once', 'a second time']) {
        await steps(model, subject, 3, 6);
        await model.trainable.restore(snapshot);
        sameBits(
          await model.weights(),
          start,
          `a snapshot restored ${time} to bring back the weights from which it was taken`,
          'Copy the weights when taking the snapshot, and again when restoring it.',
        );
      }
      const other = await model.trainable.snapshot();
      const wanted = await steps(model, subject, 3, 6);
      await model.trainable.restore(other);
      wipe(other);
      sameBits(
        await steps(model, subject, 3, 6),
        wanted,
        'changing a snapshot after it was restored to have no effect',
        'Copy everything in restore(), not at the next step.',
      );
    });
  },
};

/** Overwrites the numbers in a snapshot's typed arrays, at any depth of nesting. */
function wipe(part: unknown, depth = 0): void {
  if (depth > 8) return;
  if (ArrayBuffer.isView(part)) new Uint8Array(part.buffer, part.byteOffset, part.byteLength).fill(1);
  else if (typeof part === 'object' && part !== null)
    for (const inner of Object.values(part)) wipe(inner, depth + 1);
}
