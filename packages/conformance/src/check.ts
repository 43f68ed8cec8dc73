import type { Subject } from './subject.ts';

/** One property that an adapter must have. */
export interface Check {
  /** A property of the adapter, such as `uses the rate of the current step`. */
  readonly name: string;
  /** Rejects with a `ClrError` that states what was expected and what was received. */
  run(): Promise<void>;
  /** The reason why the check cannot be run on this subject; absent if it can. */
  readonly skipped?: string;
}

/** One check for any subject. Each file in `checks/` exports one. */
export interface TrainableCheck {
  readonly name: string;
  run<Batch>(subject: Subject<Batch>): Promise<void>;
  /** Returns the reason why this subject cannot be checked, or undefined if it can. */
  skip?<Batch>(subject: Subject<Batch>): string | undefined;
}
