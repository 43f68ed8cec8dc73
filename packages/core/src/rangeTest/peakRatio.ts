/**
 * The best peak of a schedule, divided by the best constant rate for the same number of steps.
 *
 * With rates `γ · w₁ … γ · w_T`, the bound on the last iterate's error is smallest at `γ = (D / G) / √(A · B)`, where
 * `A = Σ w`, `B = Σ w² / A + Σ_{k<T} (w_k / S_{k+1}) · (Q_k / S_k)`, and `S_k`, `Q_k` are the sums of `w` and `w²` from
 * `k` on. The distance `D` and the gradient's bound `G` belong to the problem, so they cancel.
 *
 * @param lr - the rates of the schedule, the highest of which is `peak`
 * @see Defazio et al., arXiv 2310.07831, theorem 10
 */
export function peakRatio(lr: (step: number) => number, peak: number, steps: number): number {
  return Math.sqrt(product(() => 1, steps) / product((step) => lr(step) / peak, steps));
}

/** `A · B`, summed from the last step backward. */
function product(weight: (step: number) => number, steps: number): number {
  let [sum, squares, spread] = [0, 0, 0];
  for (let step = steps - 1; step >= 0; step--) {
    const w = weight(step);
    const after = sum;
    sum += w;
    squares += w * w;
    // Steps after the last rate above 0 change nothing.
    if (after > 0) spread += (w / after) * (squares / sum);
  }
  return squares + sum * spread;
}
