import type { TrainingRun } from '@clr/core';

/** A run under the name it has in the picture. */
export interface NamedRun {
  readonly name: string;
  readonly run: TrainingRun;
}
