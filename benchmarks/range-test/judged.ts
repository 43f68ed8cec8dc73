import type { Snapshot, Trainable } from '@clr/core';

/** The mean of the last twenty losses before a step. */
export function tail(losses: readonly number[], end: number): number {
  const last = losses.slice(Math.max(0, end - 20), end);
  return last.reduce((sum, value) => sum + value, 0) / last.length;
}

/**
 * True for a hopeless run: its loss is far above its start after a quarter of the steps, or has not fallen after half
 * of them.
 */
export function isHopeless(losses: readonly number[], steps: number): boolean {
  const [first = 0, step] = [losses[0], losses.length];
  return (
    (step === Math.round(steps / 4) && tail(losses, step) > 1.3 * first) ||
    (step === Math.round(steps / 2) && tail(losses, step) > first)
  );
}

interface Judged {
  readonly inner: Snapshot;
  readonly losses: Float64Array;
}

/**
 * Wraps a model so that its loss becomes NaN when its run is hopeless. This ends the run. The losses so far are part of
 * the model's state.
 */
export function judged<Batch>(model: Trainable<Batch>, steps: number): Trainable<Batch> {
  let losses: number[] = [];
  return {
    async trainStep(batch, hyper) {
      if (isHopeless(losses, steps)) return { loss: Number.NaN };
      const { loss, accuracy } = await model.trainStep(batch, hyper);
      losses.push(await loss);
      return { loss: losses.at(-1)!, ...(accuracy !== undefined && { accuracy }) };
    },
    evaluate: (batches) => model.evaluate(batches),
    async snapshot() {
      return { inner: await model.snapshot(), losses: Float64Array.from(losses) } satisfies Judged;
    },
    async restore(snapshot) {
      const { inner, losses: seen } = snapshot as Judged;
      await model.restore(inner);
      losses = Array.from(seen);
    },
    dispose: () => model.dispose(),
  };
}
