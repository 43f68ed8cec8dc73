import { close, fail, flatten } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, step, withModel } from '../model.ts';

/** One step of plain SGD is the rate times a gradient that does not depend on the rate. */
export const movesInProportion: TrainableCheck = {
  name: 'moves the weights in proportion to the rate',
  async run(subject) {
    const rate = rateOf(subject);
    let largest = 0;
    const moved = (lr: number): Promise<number[]> =>
      withModel(plain(subject), async (model) => {
        const before = flatten(await model.weights());
        await step(model, batchOf(subject, 0), { lr });
        const after = flatten(await model.weights());
        largest = Math.max(largest, ...before.map(Math.abs), ...after.map(Math.abs));
        return after.map((value, index) => value - before[index]!);
      });
    const once = await moved(rate);
    const distance = Math.max(...once.map(Math.abs));
    // A float32 weight has a rounding error of half a unit in the last place, before and after the step.
    const rounding = 4 * 2 ** -24 * largest;
    if (!(distance > 100 * rounding)) {
      throw fail(
        `a step at the rate ${rate} to change a weight visibly`,
        `at most ${distance}`,
        'Give the subject a higher rate.',
      );
    }
    for (const times of [0.5, 2]) {
      const wanted = once.map((value) => value * times);
      const said = `a step at ${times} times the rate to move the weights ${times} times as far`;
      close(
        await moved(rate * times),
        wanted,
        rounding * (1 + times) + 1e-5 * distance,
        said,
        'Use lr unchanged.',
      );
    }
  },
};
