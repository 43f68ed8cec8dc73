import type { Trainable } from '@clr/core';
import type { Batch, OnnxTrainer } from '@clr/onnx';

/**
 * Wraps a model for a range test on few, noisy rows. A step trains on its batch, but before that it measures the loss
 * on all rows, and reports this loss. Otherwise the losses of small batches could differ by more than a sweep gains.
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
      // Nothing may be evaluated while a step runs.
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
