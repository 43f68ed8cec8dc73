import type { RangeTestTrace, UpdateKind } from '@clr/core';
import { hasOracle, readOracle } from '@clr/tooling/oracle';
import { replayAs } from './replay.ts';
import type { Truth } from './store.ts';

interface DigitsSetting {
  readonly optimizer: 'sgd' | 'momentum' | 'adam';
  readonly batchSize: number;
  readonly budgetSteps: number;
  readonly curves: readonly {
    readonly schedule: 'exp' | 'linear';
    readonly seed: number;
    readonly lr: readonly number[];
    readonly loss: readonly (number | null)[];
    readonly batchAcc: readonly (number | null)[];
  }[];
  readonly grid: {
    readonly rows: readonly {
      readonly lr: number;
      readonly stable: boolean;
      readonly meanValAcc: number;
    }[];
  };
}

/** One sweep on the digits set with its setting's truth. */
export interface DigitsSweep {
  readonly truth: Truth;
  readonly updateKind: UpdateKind;
  readonly seed: number;
  readonly trace: RangeTestTrace;
}

/** PyTorch's exponential sweeps of a small net on the digits set; none where the oracle is not at hand. */
export async function digits(): Promise<DigitsSweep[]> {
  if (!hasOracle()) return [];
  const sweeps: DigitsSweep[] = [];
  for (const setting of readOracle<DigitsSetting[]>('lrfind_mlp.json')) {
    const truth: Truth = {
      setting: `digits-${setting.optimizer}-${setting.batchSize}`,
      heldOut: false,
      budget: setting.budgetSteps,
      grid: setting.grid.rows.map(({ lr, stable, meanValAcc }) => ({
        lr,
        stable: [stable],
        accuracy: [meanValAcc],
      })),
    };
    for (const { schedule, seed, lr, loss, batchAcc } of setting.curves) {
      if (schedule !== 'exp') continue;
      const ends = { startLr: lr[0]!, endLr: lr.at(-1)!, steps: lr.length, spacing: 'exponential' } as const;
      const updateKind = setting.optimizer === 'adam' ? 'adaptive' : setting.optimizer;
      sweeps.push({ truth, updateKind, seed, trace: await replayAs({ loss, accuracy: batchAcc }, ends) });
    }
  }
  return sweeps;
}
