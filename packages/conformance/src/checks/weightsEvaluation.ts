import { close, fail } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { refusal, richest, steps, withModel } from '../model.ts';

/** Metrics over several batches are means over all examples, so a large batch counts more than a small one. */
export const weightsEvaluation: TrainableCheck = {
  name: 'weights the batches of an evaluation by their size',
  async run(subject) {
    await withModel(richest(subject), async (model) => {
      await steps(model, subject, 0, 2);
      const wanted = { loss: 0, accuracy: 0 };
      let examples = 0;
      for (const batch of subject.batches) {
        const { loss, accuracy = 0 } = await model.trainable.evaluate([batch]);
        wanted.loss += loss * subject.size(batch);
        wanted.accuracy += accuracy * subject.size(batch);
        examples += subject.size(batch);
      }
      const later = async function* () {
        yield* subject.batches;
      };
      const emptiness = 'A mean over nothing is NaN. Evaluate with meanMetrics of @clr/core, which throws.';
      await refusal('an evaluation of no batches', emptiness, () => model.trainable.evaluate([]));
      for (const [kind, batches] of [
        ['an array', subject.batches],
        ['an async iterable', later()],
      ] as const) {
        const { loss, accuracy } = await model.trainable.evaluate(batches);
        const advice = 'Multiply each batch’s mean by its number of examples before summing.';
        const tolerance = 1e-5 * (1 + Math.abs(loss));
        close(
          [loss],
          [wanted.loss / examples],
          tolerance,
          `the loss over ${kind} to be a mean over examples`,
          advice,
        );
        if (accuracy === undefined) continue;
        if (accuracy < 0 || accuracy > 1)
          throw fail('accuracy to be a share in [0, 1]', `${accuracy}`, 'Divide by the number of examples.');
        close(
          [accuracy],
          [wanted.accuracy / examples],
          1e-5,
          `the accuracy over ${kind} to be a mean over examples`,
          advice,
        );
      }
    });
  },
};
