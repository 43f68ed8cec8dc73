import { ClrError } from '@clr/core';
import type { Subject } from './subject.ts';
import { trainableChecks } from './trainableChecks.ts';

/** The functions that the checks need from a test runner. Vitest, Jest, Mocha and `node:test` all have them. */
export interface Runner {
  /** Groups the checks under a name. */
  describe(name: string, body: () => void): unknown;
  /** Runs one check as a test. */
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Reports a check that the subject does not support, with the reason in its name. */
    readonly skip?: (name: string, body: () => Promise<void>) => unknown;
  };
}

/**
 * Declares the {@link trainableChecks} of an adapter as tests.
 *
 * @param name - the name that the runner shows
 * @param subject - makes the adapter's Trainable and its batches
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
  const { describe, it } = Object(runner) as Partial<Runner>;
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new ClrError('clr/conformance', {
      expected: 'a test runner with describe and it',
      received: `describe = ${typeof describe}, it = ${typeof it}`,
      advice: "Pass { describe, it } of vitest, for example: import { describe, it } from 'vitest'.",
    });
  }
  runner.describe(name, () => {
    for (const { name: check, run, skipped } of trainableChecks(subject)) {
      if (skipped === undefined) runner.it(check, run);
      else runner.it.skip?.(`${check} (skipped: ${skipped})`, run);
    }
  });
}
