/** The point at the share `w` of the way from `a` to `b`: exactly `a` at 0, exactly `b` at 1, and never outside. */
export function lerp(a: number, b: number, w: number): number {
  return w < 0.5 ? a + (b - a) * w : b - (b - a) * (1 - w);
}

/**
 * Half a cosine wave, `(1 − cos πx) / 2` for x in [0, 1]. It is 0 at 0, ½ in the middle and 1 at 1. Its error is at
 * most 3e-16. JavaScript leaves the last bits of `Math.cos` to each engine. This function gives bit-identical results
 * in all engines, and is faster.
 */
export function halfCosine(x: number): number {
  // `half` is 2 − 2 cos(πx / 2), by its Taylor series. The series is least exact at 1, but the wave is flat there.
  const z = ((Math.PI * x) / 2) ** 2;
  const tail =
    z * (1 / 90) * (1 - z * (1 / 132) * (1 - z * (1 / 182) * (1 - z * (1 / 240) * (1 - z * (1 / 306)))));
  const half = z - z * z * (1 / 12) * (1 - z * (1 / 30) * (1 - z * (1 / 56) * (1 - tail)));
  return half * (1 - half / 4);
}

/**
 * `e^(log · step)` as the product of two powers: one from a table of 256 powers, and one that is the same for 256 steps
 * in a row.
 */
export function powers(log: number): (step: number) => number {
  const small = Float64Array.from({ length: 256 }, (_, step) => Math.exp(log * step));
  let [known, large] = [0, 1];
  return (step) => {
    const rest = step % 256;
    const start = step - rest;
    if (start !== known) [known, large] = [start, Math.exp(log * start)];
    return small[rest]! * large;
  };
}
