/**
 * A rule of the field: from rates and losses of equal length to a rate, or `null` where it has no answer.
 * Each is defined as its library defines it, on whatever smoothing and slice the caller has made.
 */
export type Rule = (lrs: readonly number[], losses: readonly number[]) => number | null;

const argMin = (values: readonly number[]): number => values.indexOf(Math.min(...values));

/** The rate where the loss falls fastest per unit of log rate: fastai's `steep`. */
export const steepest: Rule = (lrs, losses) =>
  lrs[
    argMin(
      losses.slice(1).map((loss, i) => (loss - losses[i]!) / (Math.log(lrs[i + 1]!) - Math.log(lrs[i]!))),
    )
  ] ?? null;

/** A tenth of the rate of the lowest loss: fastai's `minimum`. */
export const minimum: Rule = (lrs, losses) => (losses.length ? lrs[argMin(losses)]! / 10 : null);

/**
 * Halfway into the longest falling run: fastai's `valley`, the first default of the field. The run is the
 * longest (not contiguous) sequence of falling losses; the answer stands at a third and a half third of it.
 */
export const valley: Rule = (lrs, losses) => {
  const lengths: number[] = [];
  let end = 0;
  for (let i = 0; i < losses.length; i++) {
    lengths[i] = 1;
    for (let j = 0; j < i; j++) {
      if (losses[i]! < losses[j]! && lengths[i]! <= lengths[j]!) lengths[i] = lengths[j]! + 1;
    }
    if (lengths[i]! > lengths[end]!) end = i;
  }
  const start = end && end - lengths[end]!;
  const third = (end - start) / 3;
  return lrs[start + Math.floor(third) + Math.floor(third / 2)] ?? null;
};

/**
 * The end of the slide: fastai's `slide`. From the right, two points 15 apart walk left while the loss's
 * gradient (central differences) differs by more than 0.005 between them; the left one's rate is the answer.
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
