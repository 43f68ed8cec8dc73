import { type Policy, toSchedule } from '@clr/core';
import { rounded } from '../range-test/sweeps.ts';
import type { Outcome } from './store.ts';
import type { Task } from './task.ts';

/**
 * The seed of the batch order. All runs with a seed use the same order, so that they differ only in their rates.
 */
export const orderOf = (seed: number): number => 100 * seed + 50;

const share = (accuracy: number | undefined): number => rounded(accuracy ?? 0, 5) ?? 0;

/** The accuracies of the model in its current state. */
export async function judge({ trainer, validation, test }: Task): Promise<Outcome> {
  return {
    validation: share((await trainer.evaluate(validation)).accuracy),
    test: share((await trainer.evaluate(test)).accuracy),
  };
}

/** Trains under a policy for `steps` steps, scores the model, and restores the state from before the training. */
export async function trainUnder(task: Task, policy: Policy, steps: number): Promise<Outcome> {
  const { trainer } = task;
  const { lr } = toSchedule(policy);
  const snapshot = await trainer.snapshot();
  const batches = task.batches(orderOf(task.seed));
  let finite = true;
  for (let step = 0; step < steps && finite; step++) {
    const { loss } = await trainer.trainStep(batches.next().value, { lr: lr(step) });
    finite = Number.isFinite(await loss);
  }
  const outcome = finite ? await judge(task) : { validation: 0, test: 0 };
  await trainer.restore(snapshot);
  return outcome;
}
