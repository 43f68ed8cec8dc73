import { constant, type Hyper, type Hyperparameters, train } from '@clr/core';
import { close, fail, flatten } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, rateOf, step, withModel } from '../model.ts';

const decay = 0.5;

/**
 * With plain SGD from weights `w`, a weight decay λ changes them by a further `−lr · λ · w`. If the norm of the
 * gradient exceeds `clipNorm`, the gradient is scaled down to this norm; otherwise nothing changes. A step without
 * these hyperparameters uses the optimizer's own values. Some steps are taken by `train`, which passes them through its
 * option `hyper`.
 */
export const actsWithHyperparameters: TrainableCheck = {
  name: 'applies the weight decay and the clipping of the current step',
  skip: (subject) =>
    subject.createWithHyperparameters ? undefined : 'the adapter takes neither weight decay nor clipping',
  async run(subject) {
    const lr = rateOf(subject);
    const create = () => subject.createWithHyperparameters!();
    /** The weights after a number of steps from the start. */
    const after = (steps: number, hyper: Hyper): Promise<number[]> =>
      withModel(create, async (model) => {
        const batches = [batchOf(subject, 0), batchOf(subject, 1)];
        await train(model.trainable, batches, { policy: constant({ lr }), steps, hyper });
        return flatten(await model.weights());
      });
    const takes = await withModel(create, async ({ trainable }) => trainable.hyperparameters ?? []);
    const known = (['weightDecay', 'clipNorm'] as const).filter((name) => takes.includes(name));
    if (known.length === 0) {
      const advice =
        'List the names in `hyperparameters` of the Trainable, or leave createWithHyperparameters out.';
      throw fail(
        'a Trainable that takes weightDecay or clipNorm',
        `takes ${takes.join(', ') || 'none'}`,
        advice,
      );
    }
    const [start, end] = [await after(1, {}), await after(2, {})];
    const largest = Math.max(...start.map(Math.abs), ...end.map(Math.abs));
    const tolerance = 8 * 2 ** -23 * largest;
    const update = end.map((value, index) => value - start[index]!);

    if (known.includes('weightDecay')) {
      const decayed = await after(2, { weightDecay: (step) => (step === 1 ? decay : 0) });
      const wanted = end.map((value, index) => value - lr * decay * start[index]!);
      const said = `a step with weightDecay ${decay} to lower each weight w by a further lr · ${decay} · w`;
      close(
        decayed,
        wanted,
        tolerance,
        said,
        'Use the weightDecay of the step; it applies to all trained weights.',
      );
    }
    if (known.includes('clipNorm')) {
      const norm = Math.hypot(...update) / lr;
      for (const share of [0.5, 2]) {
        const clipped = await after(2, {
          clipNorm: (step) => (step === 1 ? share * norm : 1e6 * (1 + norm)),
        });
        const scale = Math.min(1, share);
        const wanted = start.map((value, index) => value + scale * update[index]!);
        const said = `a step with clipNorm at ${share} times the gradient's norm to make ${scale} times the update`;
        const advice = 'Clip by the norm of all gradients together, before the update.';
        close(clipped, wanted, tolerance + 1e-5 * lr * norm, said, advice);
      }
    }
    const off = { weightDecay: 0, clipNorm: 1e6 * largest };
    const on = { weightDecay: decay, clipNorm: 1e-3 };
    for (const name of known) {
      const ended = (last: Partial<Hyperparameters>) =>
        withModel(create, async (model) => {
          await step(model, batchOf(subject, 0), { lr, [name]: on[name] });
          await step(model, batchOf(subject, 1), { lr, ...last });
          return flatten(await model.weights());
        });
      const said = `a step without ${name} to use the optimizer’s own value, even after a step with it`;
      close(
        await ended({}),
        await ended({ [name]: off[name] }),
        tolerance,
        said,
        'Return to the optimizer’s own value.',
      );
    }
  },
};
