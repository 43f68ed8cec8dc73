import { type Policy, type RangeTestTrace, type TrainingRun, toSchedule } from '@clr/core';

/** A range test whose loss falls, is lowest near a rate of 0.3, and then diverges. */
export function exampleTrace(spacing: 'linear' | 'exponential' = 'exponential'): RangeTestTrace {
  const [startLr, endLr] = [1e-4, 10];
  const points = Array.from({ length: 200 }, (_, step) => {
    const way = step / 199;
    const lr = spacing === 'linear' ? startLr + (endLr - startLr) * way : startLr * (endLr / startLr) ** way;
    const noise = 0.02 * Math.sin(step * 12.9898);
    const loss = 0.4 + 1.9 / (1 + (lr / 0.05) ** 1.5) + (lr / 1.2) ** 3 + noise;
    return { step, lr, loss, accuracy: Math.max(0.1, 0.9 - 0.4 * loss) };
  });
  const validation = points.filter(({ step }) => step % 20 === 19);
  return { version: 1, spacing, startLr, endLr, points, validation };
}

/** A run of 1,000 steps, with metrics at its troughs. */
export function exampleRun(policy: Policy, accuracy: number): TrainingRun {
  const schedule = toSchedule(policy);
  const steps = Array.from({ length: 1000 }, (_, step) => {
    const left = Math.exp(-step / 150);
    return { step, lr: schedule.lr(step), loss: 0.1 + 2.2 * left, accuracy: accuracy - 0.8 * left };
  });
  const troughs = [0, 1, 2, 3].map((cycle) => ({
    step: 250 * (cycle + 1),
    cycle,
    loss: 0.2 - 0.02 * cycle,
    accuracy: accuracy - 0.01 * (3 - cycle),
  }));
  return { version: 1, policy, from: 0, step: 1000, steps, troughs, final: { loss: 0.14, accuracy } };
}
