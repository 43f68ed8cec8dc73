import type { Hyperparameters } from '@clr/core';
import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, refusal, richest, step, steps, withModel } from '../model.ts';
import type { Subject, TestModel } from '../subject.ts';

type Create<Batch> = (subject: Subject<Batch>) => () => TestModel<Batch> | Promise<TestModel<Batch>>;

/** Hyperparameters that are invalid for every optimizer. */
const bad: readonly unknown[] = [
  ...[-1, -1e-9, Number.NaN, Infinity, 1e39, '0.1', null, undefined].map((lr) => ({ lr })),
  ...[-0.1, 1, 5, Number.NaN, Infinity, '0.9', null].map((momentum) => ({ momentum })),
];

const advice = 'Call checkHyperparameters of @clr/core first in trainStep.';

/** Bad hyperparameters are refused with a helpful message before anything changes. */
export const refusesBadHyperparameters: TrainableCheck = {
  name: 'refuses bad hyperparameters and stays unchanged',
  async run(subject) {
    await refuses(subject, richest, bad);
    // Without a velocity, momentum would have no effect.
    await refuses(subject, plain, [...bad, { momentum: 0.9 }]);
  },
};

async function refuses<Batch>(
  subject: Subject<Batch>,
  create: Create<Batch>,
  all: readonly unknown[],
): Promise<void> {
  const run = async (model: TestModel<Batch>, from: number, to: number) => {
    if (create === richest) return steps(model, subject, from, to);
    for (let at = from; at < to; at++) await step(model, batchOf(subject, at), { lr: rateOf(subject) });
    return model.weights();
  };
  const undisturbed = await withModel(create(subject), (model) => run(model, 0, 4));
  await withModel(create(subject), async (model) => {
    const before = await run(model, 0, 2);
    for (const part of all) {
      const hyper = { lr: rateOf(subject), ...(part as object) } as Hyperparameters;
      const [name, value] = Object.entries(part as object)[0] as [string, unknown];
      const what = `${name} = ${String(value)}${typeof value === 'string' ? ' as text' : ''}`;
      await refusal(what, advice, () => step(model, batchOf(subject, 2), hyper));
      sameBits(await model.weights(), before, `the weights to be unchanged after ${what}`, advice);
    }
    const said = 'the steps after bad hyperparameters to be the same as without them';
    sameBits(await run(model, 2, 4), undisturbed, said, 'Do not change slots or counters before the check.');
  });
}
