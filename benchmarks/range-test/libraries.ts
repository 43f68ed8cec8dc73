import type { Sweep, SweepName } from './sweeps.ts';

/**
 * The rules of the other libraries. Each rule reads the sweep of its library, with the library's own smoothing, stop
 * rule, slice and handling of NaN. They were written from the sources that the README names.
 */
export interface LibraryRule {
  readonly name: string;
  readonly sweep: Exclude<SweepName, 'linear'>;
  /** The rate that the library suggests. `null` if the library raises an error or has no suggestion. */
  readonly suggest: (losses: Losses, sweep: Sweep) => number | null;
}

/** A sweep's losses, ending with the first that is not finite. */
type Losses = readonly (number | null)[];

interface Curve {
  readonly lrs: readonly number[];
  readonly losses: readonly number[];
}

/** The losses of the whole sweep. All losses after the first that is not finite are NaN. */
function toTheEnd(losses: Losses, { steps }: Sweep): number[] {
  return Array.from({ length: steps }, (_, step) => losses[step] ?? Number.NaN);
}

function slice(sweep: Sweep, losses: readonly number[], from: number, to: number): Curve {
  return { lrs: losses.map((_, step) => sweep.lr(step)).slice(from, to), losses: losses.slice(from, to) };
}

/** `argmin` as in NumPy and PyTorch, which treat the first NaN as the smallest value. */
function argMin(values: readonly number[]): number {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(Math.min(...values));
}

/** `np.gradient` at unit spacing. */
function gradient(values: readonly number[]): number[] {
  const last = values.length - 1;
  return values.map((_, i) => {
    const [left, right] = [Math.max(0, i - 1), Math.min(last, i + 1)];
    return (values[right]! - values[left]!) / (right - left);
  });
}

/** `torch.gradient` at uneven spacing: second-order differences inside, and first-order differences at the ends. */
function gradientOver({ lrs, losses }: Curve): number[] {
  const slope = (i: number): number => (losses[i + 1]! - losses[i]!) / (lrs[i + 1]! - lrs[i]!);
  return losses.map((_, i) => {
    if (i === 0) return slope(0);
    if (i === losses.length - 1) return slope(i - 1);
    const [before, after] = [lrs[i]! - lrs[i - 1]!, lrs[i + 1]! - lrs[i]!];
    return (after * slope(i - 1) + before * slope(i)) / (before + after);
  });
}

/** The debiased running mean with factor 0.98, up to the step at which it exceeds 4 times its lowest value. */
function fastaiMeans(raw: Losses, sweep: Sweep): number[] {
  const smooth: number[] = [];
  let [mean, best] = [0, Number.POSITIVE_INFINITY];
  for (const [step, loss] of toTheEnd(raw, sweep).entries()) {
    mean = 0.98 * mean + 0.02 * loss;
    const value = mean / (1 - 0.98 ** (step + 1));
    smooth.push(value);
    if (value < best) best = value;
    if (value > 4 * best) break;
  }
  return smooth;
}

/** Drops the first tenth of the steps, the last 5, and everything from the first NaN on. */
function fastai(raw: Losses, sweep: Sweep): Curve {
  const { lrs, losses } = slice(sweep, fastaiMeans(raw, sweep), Math.floor(sweep.steps / 10), -5);
  const nan = losses.findIndex(Number.isNaN);
  const end = nan < 0 ? losses.length : nan;
  return { lrs: lrs.slice(0, end), losses: losses.slice(0, end) };
}

function steep({ lrs, losses }: Curve): number | null {
  if (losses.length < 2) return null;
  const slopes = losses
    .slice(1)
    .map((loss, i) => (loss - losses[i]!) / (Math.log(lrs[i + 1]!) - Math.log(lrs[i]!)));
  return lrs[argMin(slopes)]!;
}

const minimum = ({ lrs, losses }: Curve): number | null =>
  losses.length > 0 ? lrs[argMin(losses)]! / 10 : null;

function valley({ lrs, losses }: Curve): number | null {
  const longest = losses.map(() => 1);
  let [start, end] = [0, 0];
  for (let i = 1; i < losses.length; i++) {
    for (let j = 0; j < i; j++) {
      if (losses[i]! < losses[j]! && longest[i]! < longest[j]! + 1) longest[i] = longest[j]! + 1;
      if (longest[end]! < longest[i]!) {
        end = i;
        start = end - longest[end]!;
      }
    }
  }
  const third = (end - start) / 3;
  return lrs.at(start + Math.trunc(third) + Math.trunc(third / 2)) ?? null;
}

function slide({ lrs, losses }: Curve): number | null {
  const slopes = gradient(losses);
  let [right, left] = [-1, -16];
  let answer = lrs.at(left) ?? null;
  while (left >= -losses.length && Math.abs(slopes.at(right)! - slopes.at(left)!) > 0.005) {
    answer = lrs.at(left)!;
    right--;
    left--;
  }
  return answer;
}

/**
 * The running mean with factor 0.95, started at the first loss, up to the step at which it exceeds 5 times its lowest
 * value.
 */
function pytorchLrFinderMeans(raw: Losses, sweep: Sweep): number[] {
  const smooth: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (const loss of toTheEnd(raw, sweep)) {
    const last = smooth.at(-1);
    const value = last === undefined ? loss : 0.05 * loss + 0.95 * last;
    if (value < best) best = value;
    smooth.push(value);
    if (value > 5 * best) break;
  }
  return smooth;
}

/** Drops the first 10 and the last 5 steps. */
function pytorchLrFinder(raw: Losses, sweep: Sweep): number | null {
  const { lrs, losses } = slice(sweep, pytorchLrFinderMeans(raw, sweep), 10, -5);
  return losses.length < 2 ? null : lrs[argMin(gradient(losses))]!;
}

/**
 * The running mean with factor 0.98, up to the step at which it exceeds 4 times its lowest value. Its bias is removed
 * with a step number that is too high by one, as in Lightning.
 */
function lightningMeans(raw: Losses, sweep: Sweep): number[] {
  const smooth: number[] = [];
  let [mean, best] = [0, 0];
  for (const [i, loss] of toTheEnd(raw, sweep).entries()) {
    const step = i + 1;
    mean = 0.98 * mean + 0.02 * loss;
    const value = mean / (1 - 0.98 ** (step + 1));
    const stop = step > 1 && value > 4 * best;
    if (value < best || step === 1) best = value;
    smooth.push(value);
    if (stop) break;
  }
  return smooth;
}

/** The slope is taken over the rate, not over its logarithm. */
function lightning(raw: Losses, sweep: Sweep): number | null {
  const { lrs, losses } = slice(sweep, lightningMeans(raw, sweep), 10, -1);
  const kept = losses.flatMap((loss, i) => (Number.isFinite(loss) ? [i] : []));
  if (kept.length < 2) return null;
  const curve = { lrs: kept.map((i) => lrs[i]!), losses: kept.map((i) => losses[i]!) };
  return curve.lrs[argMin(gradientOver(curve))]!;
}

/** The smoothed losses of a sweep, as each library stores them. The key is clr's name for the library's smoothing. */
export const smoothings: Readonly<
  Record<'fastai' | 'lightning' | 'lr-finder', (raw: Losses, sweep: Sweep) => number[]>
> = {
  fastai: fastaiMeans,
  lightning: lightningMeans,
  'lr-finder': pytorchLrFinderMeans,
};

export const libraryRules: readonly LibraryRule[] = [
  { name: 'fastai valley', sweep: 'fastai', suggest: (losses, sweep) => valley(fastai(losses, sweep)) },
  { name: 'fastai slide', sweep: 'fastai', suggest: (losses, sweep) => slide(fastai(losses, sweep)) },
  { name: 'fastai minimum/10', sweep: 'fastai', suggest: (losses, sweep) => minimum(fastai(losses, sweep)) },
  { name: 'fastai steep', sweep: 'fastai', suggest: (losses, sweep) => steep(fastai(losses, sweep)) },
  { name: 'pytorch-lr-finder steepest', sweep: 'pytorch-lr-finder', suggest: pytorchLrFinder },
  { name: 'Lightning steepest', sweep: 'lightning', suggest: lightning },
];
