import { type Checkpoint, train, triangular } from '@clr/core';
import { fail, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { rateOf, richest, withModel } from '../model.ts';

/**
 * A run that resumes from a checkpoint in the middle of a cycle has the weights and losses of the uninterrupted run.
 */
export const resumesWithSameBits: TrainableCheck = {
  name: 'resumes a run bit for bit',
  async run(subject) {
    const policy = triangular({
      baseLr: rateOf(subject) / 10,
      maxLr: rateOf(subject),
      stepSize: 3,
      ...(subject.createWithMomentum && { momentum: { base: 0.5, max: 0.9 } }),
    });
    const whole = await withModel(richest(subject), async (model) => {
      const record = await train(model.trainable, subject.batches, { policy, steps: 10 });
      return { weights: await model.weights(), losses: record.steps.map(({ loss }) => loss) };
    });
    await withModel(richest(subject), async (model) => {
      const first = await train(model.trainable, subject.batches, { policy, steps: 4 });
      const checkpoint: Checkpoint = { step: first.step, snapshot: await model.trainable.snapshot() };
      // Other steps in between must make no difference.
      await train(model.trainable, subject.batches, { policy, steps: 2 });
      const second = await train(model.trainable, subject.batches, { policy, steps: 10, from: checkpoint });
      const advice = 'Include everything that a step depends on in the snapshot.';
      sameBits(
        await model.weights(),
        whole.weights,
        'a resumed run to end with the weights of the uninterrupted one',
        advice,
      );
      const losses = [...first.steps, ...second.steps].map(({ loss }) => loss);
      const index = losses.findIndex((loss, at) => !Object.is(loss, whole.losses[at]));
      if (index >= 0) {
        throw fail(
          'a resumed run to have the losses of the uninterrupted one',
          `${losses[index]} instead of ${whole.losses[index]} at step ${index}`,
          advice,
        );
      }
    });
  },
};
