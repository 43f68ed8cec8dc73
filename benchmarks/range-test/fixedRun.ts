import { rounded } from './sweeps.ts';
import type { Task } from './task.ts';

/** What training at one constant rate came to after some steps. */
export interface Outcome {
  /** Every training loss was finite, and the last twenty lie below the first on average. */
  readonly stable: boolean;
  /** Mean of the last twenty training losses; `null` if one was not finite. */
  readonly tail: number | null;
  /** On the validation data, the mean of looks at 90 %, 95 % and 100 % of the steps; 0 once the loss was not finite. */
  readonly accuracy: number;
}

/** A training run at one constant rate. */
export interface FixedRun extends Outcome {
  readonly lr: number;
  /** The loss before the first update. */
  readonly initial: number;
  /** As it stood after a quarter of the steps: a constant rate knows nothing of what follows. */
  readonly quarter: Outcome;
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
  const seen = new Map<number, number>();
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const tail = (end: number): number => mean(losses.slice(Math.max(0, end - 20), end));
  const looksAt = (end: number): number[] => [0.9, 0.95, 1].map((share) => Math.round(share * end));
  const quarter = Math.round(steps / 4);
  const looks = [...looksAt(quarter), ...looksAt(steps)];
  // A run that is far above its start after a quarter, or has gained nothing by half time, costs only time.
  const hopeless = (step: number): boolean =>
    (step === quarter && tail(step) > 1.3 * losses[0]!) ||
    (step === Math.round(steps / 2) && tail(step) > losses[0]!);
  let ended = false;
  for (let step = 1; step <= steps && !ended; step++) {
    losses.push(await (await trainer.trainStep(batches.next().value, { lr })).loss);
    ended = !Number.isFinite(losses[step - 1]);
    if (ended || !(looks.includes(step) || hopeless(step))) continue;
    ended = hopeless(step);
    seen.set(step, (await trainer.evaluate(validation)).accuracy ?? 0);
  }
  await trainer.restore(snapshot);
  const outcome = (end: number): Outcome => {
    const finite = losses.slice(0, end).every(Number.isFinite);
    const last = [...seen.keys()].filter((step) => step <= end).at(-1);
    // Where the run was ended before, what it had come to stands.
    const accuracies = looksAt(end).map((step) => seen.get(step) ?? seen.get(last ?? 0) ?? 0);
    return {
      stable: finite && losses.length >= end && tail(end) < losses[0]!,
      tail: finite ? rounded(tail(Math.min(end, losses.length))) : null,
      accuracy: finite ? rounded(mean(accuracies), 5)! : 0,
    };
  };
  return { lr, initial: rounded(losses[0]!)!, ...outcome(steps), quarter: outcome(quarter) };
}
