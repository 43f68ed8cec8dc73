import { type RangeTestTrace, type TrainingRun, triangular2 } from '@clr/core';

/** A range test whose loss falls, reaches a bottom and diverges. With `depth` 0 the loss is flat. */
export function exampleTrace(depth = 1.9): RangeTestTrace {
  const points = Array.from({ length: 200 }, (_, step) => {
    const lr = 1e-4 * 1e5 ** (step / 199);
    const noise = 0.02 * Math.sin(step * 12.9898);
    const loss = depth === 0 ? 2.3 : 0.4 + depth / (1 + (lr / 0.05) ** 1.5) + (lr / 1.2) ** 3 + noise;
    return { step, lr, loss };
  });
  return { version: 1, spacing: 'exponential', startLr: 1e-4, endLr: 10, points };
}

export function exampleRun(): TrainingRun {
  const policy = triangular2({ baseLr: 0.01, maxLr: 0.1, stepSize: 10 });
  const steps = Array.from({ length: 20 }, (_, step) => ({
    step,
    lr: 0.01,
    loss: step === 3 ? null : 2 - step / 20,
  }));
  const troughs = [{ step: 20, cycle: 0, loss: 1, accuracy: 0.9 }];
  return { version: 1, policy, from: 0, step: 20, steps, troughs, final: { loss: 1, accuracy: 0.9 } };
}
