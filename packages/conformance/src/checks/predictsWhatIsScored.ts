import { close, fail, notSameBits, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, richest, steps, withModel } from '../model.ts';

/**
 * Predicted outputs come from the current weights, and scoring them gives the metrics of `evaluate`. Computing them
 * does not change the model.
 */
export const predictsWhatIsScored: TrainableCheck = {
  name: 'predicts the outputs that evaluate scores',
  skip: ({ optional }) =>
    optional?.includes('predictBatch')
      ? undefined
      : 'predictBatch() is not among the subject’s optional methods',
  async run(subject) {
    await withModel(richest(subject), async (model) => {
      const { trainable } = model;
      if (!trainable.predictBatch) {
        throw fail('a Trainable with predictBatch()', 'none', 'Remove it from the subject’s list.');
      }
      const one = batchOf(subject, 0);
      const before = await trainable.predictBatch(one);
      const kept = [...before.outputs];
      const wanted = await steps(model, subject, 0, 3);
      const after = await trainable.predictBatch(one);
      sameBits(
        await model.weights(),
        wanted,
        'predictions to leave the weights unchanged',
        'Run only the forward pass.',
      );
      sameBits([before.outputs], [Float32Array.from(kept)], 'outputs to stay unchanged', 'Give copies.');
      notSameBits([after.outputs], [before.outputs], 'outputs to change with the weights', 'Recompute them.');
      for (const batch of subject.batches) {
        const { outputs, examples, score } = await trainable.predictBatch(batch);
        if (examples !== subject.size(batch) || outputs.length % examples !== 0) {
          const received = `${outputs.length} outputs of ${examples} examples`;
          throw fail(
            `the same number of outputs for each of ${subject.size(batch)} examples`,
            received,
            'Return the number of examples in the batch.',
          );
        }
        const [scored, evaluated] = [await score(outputs), await trainable.evaluate([batch])];
        const advice =
          'Score outputs as evaluate() does: the mean loss, and the share of correctly classified examples.';
        close(
          [scored.loss, scored.accuracy ?? 0],
          [evaluated.loss, evaluated.accuracy ?? 0],
          1e-5 * (1 + Math.abs(evaluated.loss)),
          'the metrics of predicted outputs to equal those of evaluate()',
          advice,
        );
      }
    });
  },
};
