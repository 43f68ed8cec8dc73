import type { Subject } from './subject.ts';

/** One thing that an adapter has to show. */
export interface Check {
  /** What the adapter must do, such as `uses the rate of the current step`. */
  readonly name: string;
  /** Rejects with a `ClrError` that says what was expected and what came. */
  run(): Promise<void>;
  /** Why it cannot be run on this subject, if so. */
  readonly skipped?: string;
}

/** One check of any subject. Each file in `checks/` exports one. */
export interface TrainableCheck {
  readonly name: string;
  run<Batch>(subject: Subject<Batch>): Promise<void>;
  /** Why this subject cannot be checked; nothing when it can. */
  skip?<Batch>(subject: Subject<Batch>): string | undefined;
}
