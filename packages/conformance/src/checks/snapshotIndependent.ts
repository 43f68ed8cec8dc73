import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { richest, steps, withModel } from '../model.ts';

/** A snapshot is a copy: later steps do not reach it, and it can be put back more than once. */
export const snapshotIndependent: TrainableCheck = {
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
          `a snapshot put back ${time} to bring back the weights it was taken of`,
          'Copy the weights when taking it, and again when putting it back.',
        );
      }
    });
  },
};
