import { close, fail, flatten, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, richest, step, steps, withModel } from '../model.ts';
import type { Subject } from '../subject.ts';

/**
 * The batch sharpness agrees with the curvature computed from two steps of plain SGD on one batch. Computing it does
 * not change the model.
 */
export const measuresSharpness: TrainableCheck = {
  name: 'measures the batch sharpness',
  skip: ({ optional }) =>
    optional?.includes('batchSharpness')
      ? undefined
      : 'batchSharpness() is not among the subject’s optional methods',
  async run(subject) {
    const measured = await withModel(plain(subject), (model) => sharpnessOf(model, batchOf(subject, 0)));
    const rate = rateOf(subject) / 4;
    // The estimate from two steps depends on the rate. Combining two rates cancels the first-order term.
    const wanted = 2 * (await seenInSteps(subject, rate / 2)) - (await seenInSteps(subject, rate));
    const said = 'batchSharpness() to be the curvature along the gradient';
    close(
      [measured],
      [wanted],
      0.1 * Math.abs(wanted),
      said,
      'Compute it with directionalSharpness() of core.',
    );

    const undisturbed = await withModel(richest(subject), (model) => steps(model, subject, 0, 5));
    await withModel(richest(subject), async (model) => {
      const before = await steps(model, subject, 0, 2);
      await sharpnessOf(model, batchOf(subject, 3));
      const kept = 'batchSharpness() to change no weight';
      sameBits(await model.weights(), before, kept, 'Put moved weights and statistics back.');
      const after = 'the steps after batchSharpness() to be the same as without it';
      sameBits(await steps(model, subject, 2, 5), undisturbed, after, 'Do not touch the optimizer.');
    });
  },
};

type Model<Batch> = Awaited<ReturnType<Subject<Batch>['create']>>;

function sharpnessOf<Batch>({ trainable }: Model<Batch>, batch: Batch): Promise<number> {
  if (!trainable.batchSharpness)
    throw fail('a Trainable with batchSharpness()', 'none', 'Remove it from the subject’s list.');
  return trainable.batchSharpness(batch);
}

/** `(g₀ − g₁)·g₀ / (rate · |g₀|²)`, with the gradients g₀ and g₁ of two steps on one batch. */
function seenInSteps<Batch>(subject: Subject<Batch>, rate: number): Promise<number> {
  return withModel(plain(subject), async (model) => {
    const at = [flatten(await model.weights())];
    for (let k = 0; k < 2; k++) {
      await step(model, batchOf(subject, 0), { lr: rate });
      at.push(flatten(await model.weights()));
    }
    const [start, middle, end] = at as [number[], number[], number[]];
    const first = start.map((value, i) => (value - middle[i]!) / rate);
    const change = start.map((value, i) => (value - 2 * middle[i]! + end[i]!) / rate);
    const along = (vector: readonly number[]): number =>
      vector.reduce((sum, value, i) => sum + value * first[i]!, 0);
    return along(change) / along(first) / rate;
  });
}
