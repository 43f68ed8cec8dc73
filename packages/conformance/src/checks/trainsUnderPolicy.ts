import { type Policy, toSchedule, train, triangular2 } from '@clr/core';
import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, rateOf, richest, step, withModel } from '../model.ts';

/** Core's `train()` under a policy ends with the weights of a loop of `trainStep` with `schedule.lr(k)`. */
export const trainsUnderPolicy: TrainableCheck = {
  name: 'trains under a policy like a loop of trainStep',
  async run(subject) {
    const policy: Policy = triangular2({
      baseLr: rateOf(subject) / 10,
      maxLr: rateOf(subject),
      stepSize: 3,
      stepSizeDown: 2,
      ...(subject.createWithMomentum && { momentum: { base: 0.5, max: 0.9 } }),
    });
    const schedule = toSchedule(policy);
    const byHand = await withModel(richest(subject), async (model) => {
      for (let at = 0; at < 8; at++) {
        const momentum = schedule.momentum(at);
        const lr = schedule.lr(at);
        await step(model, batchOf(subject, at), momentum === undefined ? { lr } : { lr, momentum });
      }
      return model.weights();
    });
    const trained = await withModel(richest(subject), async (model) => {
      await train(model.trainable, subject.batches, { policy, steps: 8 });
      return model.weights();
    });
    sameBits(
      trained,
      byHand,
      'train() to end with the weights of a loop of trainStep',
      'Do not let a step depend on when losses are read.',
    );
  },
};
