import type { Trainable } from '@clr/core';
import type { Batch, OnnxTrainer } from '@clr/onnx';

/**
 * Wraps a model for a range test on few, noisy rows. Each step first measures the loss on all rows, which it reports,
 * and then trains on its batch. The losses of single batches could vary by more than the loss falls in the sweep.
 *
 * @param rows - all training rows, in one pass
 */
export function steadyLosses(trainer: OnnxTrainer, rows: AsyncIterable<Batch>): Trainable<Batch> {
  const { updateKind, momentum } = trainer;
  return {
    ...(updateKind && { updateKind }),
    ...(momentum !== undefined && { momentum }),
    ...(trainer.constantAnswer && {
      constantAnswer: async () => trainer.constantAnswer?.(rows),
    }),
    async trainStep(batch, hyper) {
      const metrics = await trainer.evaluate(rows);
      // Wait for the step, because nothing may be evaluated while it runs.
      const { loss, accuracy } = await trainer.trainStep(batch, hyper);
      await Promise.all([loss, accuracy]);
      return metrics;
    },
    evaluate: (batches) => trainer.evaluate(batches),
    snapshot: () => trainer.snapshot(),
    restore: (snapshot) => trainer.restore(snapshot as Parameters<OnnxTrainer['restore']>[0]),
    dataFault: (batch) => trainer.dataFault(batch),
    dispose() {},
  };
}
