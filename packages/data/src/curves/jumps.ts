/**
 * True if losses jump from step to step, like those of single batches. The correlation of successive differences is −½
 * for independent noise, but −(1 − β)/2, which is nearly 0, for a running mean.
 */
export function jumps(losses: readonly (number | null)[]): boolean {
  const known = losses.filter((loss): loss is number => loss !== null);
  // The second half is left out, because it contains the steep rise of the divergence.
  const part = known.slice(0, Math.floor(known.length / 2));
  if (part.length < 20) return false;
  const steps = part.slice(1).map((loss, i) => loss - part[i]!);
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  const left = steps.map((step) => step - mean);
  const together = left.slice(1).reduce((sum, step, i) => sum + step * left[i]!, 0);
  return together / left.reduce((sum, step) => sum + step ** 2, 0) < -0.25;
}
