import { rangeTestSteps } from '../rangeTest/calibration.ts';
import { showNumber } from '../rangeTest/describe.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';

/**
 * True if a finding is too uncertain to be used for a model that started far above the best constant answer. The
 * rates of such a finding are far off.
 */
export const inDoubt = ({ suggestion }: RangeTestFinding): boolean =>
  !((suggestion?.certainty ?? 0) >= rangeTestSteps.sure);

/** The same finding without its suggestion if it is in doubt. */
export function refuseInDoubt(finding: RangeTestFinding): RangeTestFinding {
  const { suggestion, reasons } = finding;
  if (!suggestion || !inDoubt(finding)) return finding;
  const reason = `After such a high start, rates with a certainty of ${showNumber(suggestion.certainty)} are often wrong by a factor of ten, so nothing was trained.`;
  return { ...finding, suggestion: null, reasons: [...reasons, reason] };
}
