import { type Checkpoint, constant, sequence, train, triangular } from '@clr/core';
import { fail, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { rateOf, richest, withModel } from '../model.ts';
import type { Subject, TestModel } from '../subject.ts';

/**
 * A run that resumes from a checkpoint in the middle of a cycle, in the same model or in a fresh one, has the weights and
 * losses of the uninterrupted run. Its last steps use the optimizer's own momentum.
 */
export const resumesWithSameBits: TrainableCheck = {
  name: 'resumes a run bit for bit',
  async run<Batch>(subject: Subject<Batch>) {
    const lr = rateOf(subject);
    const cycles = triangular({
      baseLr: lr / 10,
      maxLr: lr,
      stepSize: 3,
      ...(subject.createWithMomentum && { momentum: { base: 0.5, max: 0.9 } }),
    });
    const policy = sequence([{ policy: cycles, steps: 8 }, { policy: constant({ lr: lr / 10 }) }]);
    const whole = await withModel(richest(subject), async (model) => {
      const record = await train(model.trainable, subject.batches, { policy, steps: 10 });
      return { weights: await model.weights(), losses: record.steps.map(({ loss }) => loss) };
    });
    const resumes = async (model: TestModel<Batch>, from: Checkpoint, where: string): Promise<void> => {
      const { steps } = await train(model.trainable, subject.batches, { policy, steps: 10, from });
      const advice = 'Include everything that a step depends on in the snapshot.';
      sameBits(
        await model.weights(),
        whole.weights,
        `a run resumed in ${where} to end with the weights of the uninterrupted one`,
        advice,
      );
      const wrong = steps.find(({ step, loss }) => !Object.is(loss, whole.losses[step]));
      if (wrong) {
        throw fail(
          `a run resumed in ${where} to have the losses of the uninterrupted one`,
          `${wrong.loss} instead of ${whole.losses[wrong.step]} at step ${wrong.step}`,
          advice,
        );
      }
    };
    await withModel(richest(subject), async (model) => {
      const { step } = await train(model.trainable, subject.batches, { policy, steps: 4 });
      const checkpoint = { step, snapshot: await model.trainable.snapshot() };
      // Other steps in between must make no difference.
      await train(model.trainable, subject.batches, { policy, steps: 2 });
      await resumes(model, checkpoint, 'the same model');
      await withModel(richest(subject), (fresh) => resumes(fresh, checkpoint, 'a fresh model'));
    });
  },
};
