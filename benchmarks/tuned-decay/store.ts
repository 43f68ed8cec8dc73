import { appendFileSync } from 'node:fs';
import { readLines, type StoredAdaptive } from '../range-test/store.ts';

/** The shapes of schedule that are tuned. */
export type Shape = 'linear' | 'cosine' | 'rex' | 'oneCycle' | 'constant';

/** The final accuracies of a run. They are 0 if a loss was not finite. */
export interface Outcome {
  /** Accuracy on the validation data, which decides which peak is chosen. */
  readonly validation: number;
  /** Accuracy on the test data, which decides nothing. */
  readonly test: number;
}

/** A line of a setting's file. */
export type Line = { readonly seed: number } & (
  | ({ readonly kind: 'rangeTest' } & Omit<StoredAdaptive, 'seed'>)
  /** A run over the whole budget with this shape of schedule and this peak. */
  | ({ readonly kind: 'tuned'; readonly shape: Shape; readonly peak: number } & Outcome)
  /** A run on the budget left after the range test, with the peak that the test suggests. */
  | ({
      readonly kind: 'suggested';
      readonly plan: string;
      readonly maxLr: number;
      readonly paid: number;
    } & Outcome)
  | ({ readonly kind: 'peer'; readonly peer: string } & Outcome)
  | ({
      readonly kind: 'auto';
      readonly maxLr: number | null;
      readonly confidence: number | null;
      readonly paid: number;
      readonly trained: number;
    } & Partial<Outcome>)
);

export type LineOf<Kind extends Line['kind']> = Extract<Line, { readonly kind: Kind }>;

const file = (setting: string): URL => new URL(`./runs/${setting}.jsonl`, import.meta.url);

export const readRuns = (setting: string): Line[] => readLines<Line>(file(setting));

export function addRun(setting: string, line: Line): void {
  appendFileSync(file(setting), `${JSON.stringify(line)}\n`);
}

export const ofKind = <Kind extends Line['kind']>(lines: readonly Line[], kind: Kind): LineOf<Kind>[] =>
  lines.filter((line): line is LineOf<Kind> => line.kind === kind);
