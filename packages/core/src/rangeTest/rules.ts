import { minOf } from '../statistics.ts';

/**
 * A classic rule: a function from rates and losses of equal length to a rate, or `null`. Each is defined as in its
 * library. The caller chooses the smoothing and the slice.
 */
export type Rule = (lrs: readonly number[], losses: readonly number[]) => number | null;

const argMin = (values: readonly number[]): number => values.indexOf(minOf(values));

/** The rate at which the loss falls fastest per unit of log rate: fastai's `steep`. */
export const steepest: Rule = (lrs, losses) =>
  lrs[
    argMin(
      losses.slice(1).map((loss, i) => (loss - losses[i]!) / (Math.log(lrs[i + 1]!) - Math.log(lrs[i]!))),
    )
  ] ?? null;

/** A tenth of the rate of the lowest loss: fastai's `minimum`. */
export const minimum: Rule = (lrs, losses) => (losses.length ? lrs[argMin(losses)]! / 10 : null);

/**
 * Half-way into the longest valley: fastai's `valley`, its default suggestion. The valley is the longest falling
 * subsequence (its losses need not be neighbours). The result is at half of its length (as in fastai, a third plus half
 * a third).
 */
export const valley: Rule = (lrs, losses) => {
  const lengths = fallingLengths(losses);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const end = lengths.indexOf(longest);
  const start = end && end - longest;
  const third = (end - start) / 3;
  return lrs[start + Math.floor(third) + Math.floor(third / 2)] ?? null;
};

/** The length of the longest falling subsequence that ends at each value: patience sorting, in O(n log n). */
function fallingLengths(values: readonly number[]): number[] {
  // The highest last value of a falling subsequence of length 1, 2, … so far.
  const ends: number[] = [];
  return values.map((value) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! > value) low = middle + 1;
      else high = middle;
    }
    ends[low] = value;
    return low + 1;
  });
}

/**
 * The end of the slide: fastai's `slide`. Two points 15 steps apart start at the right end. They move left while the
 * loss's gradient (central differences) differs between them by more than 0.005. The result is the rate of the left
 * point.
 */
export const slide: Rule = (lrs, losses) => {
  const last = losses.length - 1;
  const gradient = losses.map((_, i) => {
    const [left, right] = [Math.max(i - 1, 0), Math.min(i + 1, last)];
    return (losses[right]! - losses[left]!) / (right - left);
  });
  let right = last;
  let answer = lrs[last - 15] ?? null;
  for (; right >= 15 && Math.abs(gradient[right]! - gradient[right - 15]!) > 0.005; right--) {
    answer = lrs[right - 15]!;
  }
  return answer;
};
