import type { Subject } from './subject.ts';
import { trainableChecks } from './trainableChecks.ts';

/** As much of a test runner as is needed: vitest, Jest, Mocha and `node:test` all have it. */
export interface Runner {
  /** Groups the checks under a name. */
  describe(name: string, body: () => void): unknown;
  /** Runs one check as a test. */
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Where a check that the subject cannot be put to is reported, with the reason in its name. */
    readonly skip?: (name: string, body: () => Promise<void>) => unknown;
  };
}

/**
 * Declares the {@link trainableChecks} of an adapter as tests of a runner.
 *
 * @param name - what is tested, as the runner shows it
 * @param subject - how to make the adapter's Trainable, and what to feed it
 * @param runner - `{ describe, it }` of the test runner
 *
 * @example
 * ```ts
 * const names = [];
 * const runner = { describe: (name, body) => body(), it: (name) => names.push(name) };
 * describeTrainable('the reference', referenceSubject, runner);
 * names[0]; // 'gives the same bits from the same start'
 * ```
 */
export function describeTrainable<Batch>(name: string, subject: Subject<Batch>, runner: Runner): void {
  runner.describe(name, () => {
    for (const { name: check, run, skipped } of trainableChecks(subject)) {
      if (skipped === undefined) runner.it(check, run);
      else runner.it.skip?.(`${check} (skipped: ${skipped})`, run);
    }
  });
}
