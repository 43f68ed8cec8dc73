import type { Collection, TrialResult } from '@clr/sweep';

/** Adds the range tests of the trainings that found no rate, because their findings say why. */
export function withRefusedTests(results: readonly TrialResult[], collection: Collection): Collection {
  const refused = results.flatMap(({ autoClr }, at) => {
    if (!autoClr || autoClr.run) return [];
    const { id, label } = collection.rows[at]!;
    return [{ label, ids: [id], traces: [autoClr.trace], finding: autoClr.finding }];
  });
  return { ...collection, rangeTests: [...collection.rangeTests, ...refused] };
}
