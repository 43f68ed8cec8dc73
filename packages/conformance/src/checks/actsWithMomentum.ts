import { close, flatten } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, rateOf, richest, step, withModel } from '../model.ts';

/**
 * With momentum μ, the second of two steps at the same rate moves the weights `μ · (first update)` further than with
 * momentum 0. While the rate is constant, this holds whether the velocity sums gradients or updates. A step without
 * momentum uses the optimizer's own value.
 */
export const actsWithMomentum: TrainableCheck = {
  name: 'applies the momentum of the current step',
  skip: (subject) => (subject.createWithMomentum ? undefined : 'the adapter cannot set momentum'),
  async run(subject) {
    const lr = rateOf(subject);
    const run = (second: number | undefined, first = 0.9): Promise<number[][]> =>
      withModel(richest(subject), async (model) => {
        const start = flatten(await model.weights());
        // The momentum of the first step has no effect yet. If it acts in the second step, the adapter applies it late.
        await step(model, batchOf(subject, 0), { lr, momentum: first });
        const middle = flatten(await model.weights());
        await step(model, batchOf(subject, 1), second === undefined ? { lr } : { lr, momentum: second });
        return [start, middle, flatten(await model.weights())];
      });
    const [start, middle, still] = (await run(0)) as [number[], number[], number[]];
    const largest = Math.max(...start.map(Math.abs), ...still.map(Math.abs));
    for (const momentum of [0.5, 0.25]) {
      const end = (await run(momentum))[2]!;
      const wanted = still.map((value, index) => value + momentum * (middle[index]! - start[index]!));
      const said = `a second step with momentum ${momentum} to go further by ${momentum} times the first update`;
      close(end, wanted, 8 * 2 ** -23 * largest, said, 'Set the momentum before the update, and use it.');
    }
    const [high, low] = [(await run(undefined, 0.9))[2]!, (await run(undefined, 0.1))[2]!];
    const said = 'a step without momentum to use the optimizer’s own value, not that of the previous step';
    close(high, low, 8 * 2 ** -23 * largest, said, 'Keep the optimizer’s own momentum, and return to it.');
  },
};
