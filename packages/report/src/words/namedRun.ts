import type { TrainingRun } from '@clr/core';

/** A run with its name in the picture. */
export interface NamedRun {
  readonly name: string;
  readonly run: TrainingRun;
}
