import { rounded } from './sweeps.ts';
import type { Task } from './task.ts';

/** What training at one constant rate came to. */
export interface FixedRun {
  readonly lr: number;
  /** Every training loss was finite, and the last twenty lie below the first on average. */
  readonly stable: boolean;
  /** Mean of the last twenty training losses; `null` if one was not finite. */
  readonly tail: number | null;
  /** The loss before the first update. */
  readonly initial: number;
  /** On the validation data at 90 %, 95 % and 100 % of the budget; 0 once the loss was not finite. */
  readonly accuracy: readonly number[];
  /** On the validation data at the end. */
  readonly loss: number | null;
}

/** How to train: constant rate, budget, and the seed of the batches' order. */
export interface FixedPlan {
  readonly lr: number;
  readonly steps: number;
  readonly order: number;
}

/** Trains at a constant rate for the whole budget, then puts the model back. */
export async function trainFixed(task: Task, { lr, steps, order }: FixedPlan): Promise<FixedRun> {
  const { trainer, validation } = task;
  const snapshot = await trainer.snapshot();
  const batches = task.batches(order);
  const losses: number[] = [];
  const accuracy: number[] = [];
  let loss: number | null = null;
  const looks = [0.9, 0.95, 1].map((share) => Math.round(share * steps));
  const tail = () => losses.slice(-20).reduce((sum, value) => sum + value, 0) / Math.min(20, losses.length);
  // A run that is far above its start after a quarter, or has gained nothing by half time, costs only time.
  const hopeless = () =>
    (losses.length === Math.round(steps / 4) && tail() > 1.3 * losses[0]!) ||
    (losses.length === Math.round(steps / 2) && tail() > losses[0]!);
  for (let step = 0; step < steps; step++) {
    losses.push(await (await trainer.trainStep(batches.next().value, { lr })).loss);
    if (!Number.isFinite(losses[step])) break;
    const ends = hopeless();
    if (ends || looks.includes(step + 1)) {
      const metrics = await trainer.evaluate(validation);
      accuracy.push(rounded(metrics.accuracy ?? 0) ?? 0);
      loss = rounded(metrics.loss);
      if (ends) break;
    }
  }
  await trainer.restore(snapshot);
  const finite = losses.every(Number.isFinite);
  return {
    lr,
    stable: finite && losses.length === steps && tail() < losses[0]!,
    tail: finite ? rounded(tail()) : null,
    initial: rounded(losses[0]!)!,
    accuracy: finite && accuracy.length > 0 ? accuracy : [0],
    loss,
  };
}

/** A run whose rate changes. */
export interface PolicyPlan extends Omit<FixedPlan, 'lr'> {
  readonly lr: (step: number) => number;
}

/** Trains under a policy, gives the accuracy on the validation data at the end, and puts the model back. */
export async function trainPolicy(task: Task, { lr, steps, order }: PolicyPlan): Promise<number> {
  const { trainer, validation } = task;
  const snapshot = await trainer.snapshot();
  const batches = task.batches(order);
  for (let step = 0; step < steps; step++) {
    await trainer.trainStep(batches.next().value, { lr: lr(step) });
  }
  const { accuracy } = await trainer.evaluate(validation);
  await trainer.restore(snapshot);
  return rounded(accuracy ?? 0) ?? 0;
}
