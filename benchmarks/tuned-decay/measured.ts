import { type Part, type Setting, seeds, settings } from './settings.ts';
import { type Line, type LineOf, ofKind, readRuns, type Shape } from './store.ts';
import { type Found, found, shortened } from './suggestedRuns.ts';
import { best, grid } from './tunedRuns.ts';

/** The results of one seed of a setting. */
export interface Run {
  readonly setting: Setting;
  readonly seed: number;
  readonly lines: readonly Line[];
  /** The peak chosen on validation data, and the test accuracy of a linear decay from this peak. */
  readonly best: { readonly peak: number; readonly test: number };
  readonly found: Found;
  /** The linear decays, from the lowest peak to the highest. */
  readonly linear: readonly { readonly peak: number; readonly test: number }[];
}

/** The results of all settings and seeds of the given parts that have linear decays. */
export function measuredRuns(parts: readonly Part[]): Run[] {
  return settings.flatMap((setting) => {
    const lines = readRuns(setting.name);
    const points = grid(lines, 'linear');
    if (!parts.includes(setting.part) || points.length === 0) return [];
    return seeds.map((seed, index) => {
      const linear = points.map(({ peak, test }) => ({ peak, test: test[index]! }));
      const { peak } = best(points);
      return {
        setting,
        seed,
        lines,
        linear,
        best: { peak, test: linear.find((point) => point.peak === peak)!.test },
        found: found(lines, seed, setting.budget),
      };
    });
  });
}

/**
 * The test accuracy of a linear decay from any peak, interpolated between two peaks of the grid, linearly in the log of
 * the rate. Beyond the grid it is the accuracy at the nearest peak.
 */
export function linearAt({ linear }: Run, peak: number): number {
  const right = linear.findIndex((point) => point.peak >= peak);
  if (right <= 0) return linear.at(right)!.test;
  const [a, b] = [linear[right - 1]!, linear[right]!];
  return a.test + ((b.test - a.test) * Math.log(peak / a.peak)) / Math.log(b.peak / a.peak);
}

/** The test accuracy of another shape of schedule, with the peak that was chosen for this shape on validation data. */
export function tunedTo({ lines, seed }: Run, shape: Shape): number | undefined {
  const points = grid(lines, shape);
  if (points.length === 0) return undefined;
  const { peak } = best(points);
  return ofKind(lines, 'tuned').find((run) => run.shape === shape && run.peak === peak && run.seed === seed)
    ?.test;
}

/**
 * The test accuracy of a plan that was trained on the budget left after the range test, at the rates that the analysis
 * suggests now.
 */
export function suggestedTo(
  { lines, seed, found: { finding, paid } }: Run,
  plan: string,
): number | undefined {
  if (!finding.suggestion) return undefined;
  const maxLr = shortened(finding.suggestion.maxLr);
  return ofKind(lines, 'suggested').find(
    (run) => run.seed === seed && run.plan === plan && run.maxLr === maxLr && run.paid === paid,
  )?.test;
}

export const peerTo = ({ lines, seed }: Run, peer: string): number | undefined =>
  ofKind(lines, 'peer').find((run) => run.seed === seed && run.peer === peer)?.test;

/** The complete run of `autoClr`, if there is one. It has no `test` if `autoClr` trained nothing. */
export const autoOf = ({ lines, seed }: Run): LineOf<'auto'> | undefined =>
  ofKind(lines, 'auto').find((run) => run.seed === seed);
