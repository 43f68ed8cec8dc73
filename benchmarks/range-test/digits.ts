import type { RangeTestTrace, UpdateKind } from '@clr/core';
import rangeTests from '@clr/tooling/oracle/range_tests.json' with { type: 'json' };
import { replayAs } from './replay.ts';
import type { Truth } from './store.ts';

/** One sweep on the digits set, and the measured results of training at fixed rates in the same setting. */
export interface DigitsSweep {
  readonly truth: Truth;
  readonly updateKind: UpdateKind;
  readonly seed: number;
  readonly trace: RangeTestTrace;
}

/** PyTorch's exponential sweeps of a small net on the digits set. */
export async function digits(): Promise<DigitsSweep[]> {
  const sweeps: DigitsSweep[] = [];
  for (const { setting, optimizer, budgetSteps, rows } of rangeTests.settings) {
    const truth: Truth = {
      setting,
      heldOut: false,
      budget: budgetSteps,
      grid: rows.map(({ lr, stable, accuracy }) => ({ lr, stable: [stable], accuracy: [accuracy] })),
    };
    const curves = rangeTests.curves.filter((curve) => curve.setting === setting && curve.schedule === 'exp');
    for (const [seed, { lr, loss, accuracy }] of curves.entries()) {
      const ends = { startLr: lr[0]!, endLr: lr.at(-1)!, steps: lr.length, spacing: 'exponential' } as const;
      const updateKind = optimizer === 'adam' ? 'adaptive' : (optimizer as UpdateKind);
      const trace = await replayAs({ loss, accuracy: accuracy! }, ends);
      sweeps.push({ truth, updateKind, seed, trace });
    }
  }
  return sweeps;
}
