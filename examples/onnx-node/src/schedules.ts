import {
  analyzeRangeTest,
  decay,
  type Policy,
  peakFor,
  type RangeTestTrace,
  triangular,
  triangular2,
} from '@clr/core';

/** A schedule of the comparison. */
export interface NamedPolicy {
  readonly name: ScheduleName;
  readonly policy: Policy;
}

export const scheduleNames = ['fixed rate', 'CLR', 'decay'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The three schedules for a budget of whole epochs, with the rates of the range test for that budget.
 *
 * @param stepSize - half an epoch, in steps: CLR makes one cycle in each epoch
 * @throws {Error} if the range test gives no suggestion
 */
export function schedulesFor(
  trace: RangeTestTrace,
  { epochs, stepSize }: { readonly epochs: number; readonly stepSize: number },
): readonly NamedPolicy[] {
  const steps = 2 * stepSize * epochs;
  const finding = analyzeRangeTest(trace, { steps });
  const { suggestion } = finding;
  if (!suggestion)
    throw new Error('Without a suggestion there is nothing to train with. Try a longer --sweep.');
  const { baseLr, maxLr, fixedLr } = suggestion;
  return [
    // Equal bounds make a constant rate that has troughs, so it is evaluated at the end of each epoch, as CLR is.
    { name: 'fixed rate', policy: triangular({ baseLr: fixedLr, maxLr: fixedLr, stepSize }) },
    { name: 'CLR', policy: triangular2({ baseLr, maxLr, stepSize }) },
    { name: 'decay', policy: peakFor(decay({ maxLr, steps }), { finding }) },
  ];
}
