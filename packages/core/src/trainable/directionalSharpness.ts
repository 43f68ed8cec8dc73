/** The elements of one tensor, or of several tensors one after another. */
type Vector = Float32Array | Float64Array;

/** One batch's loss as a function of the parameters, for {@link directionalSharpness}. */
export interface BatchLoss {
  /** The current parameters. They are only read. */
  readonly parameters: readonly Vector[];
  /** The gradient at other parameters of the same shapes. Dropout must drop the same elements in every call. */
  gradient(parameters: readonly Vector[]): Promise<readonly Vector[]>;
  /** The direction of the optimizer's update. Default: the gradient, as in plain SGD. */
  direction?(gradient: readonly Vector[]): readonly Vector[];
}

/**
 * The distance at which gradients are compared, relative to the weights that the update changes. Fitted. At 0.01,
 * float32 results for smooth nets are within 1 % of exact Hessian-vector products (`tooling/oracle/sharpness.py`).
 * Results for nets with kinks vary least from batch to batch.
 */
const distance = 0.01;

/**
 * The curvature of a batch's loss in the direction of the update that the batch would make, divided by the slope in
 * that direction. Adapters implement `batchSharpness` with it. It computes three gradients.
 *
 * It is `dᵀHd / gᵀd`, with the gradient g, the Hessian H and the direction d of the update. For plain SGD d = g, and
 * this is the batch sharpness `gᵀHg / |g|²`. A step of rate η along −d lowers a quadratic loss while η is below 2
 * divided by this curvature.
 *
 * H is never formed: `Hd ≈ (g(θ + εd) − g(θ − εd)) / 2ε`, where `ε |d| = 0.01 · Σ|dᵢθᵢ| / |d|`. The central
 * difference cancels the cubic term, which matters: the loss of a net with batch normalization is far from quadratic.
 *
 * @returns NaN if the gradient is 0
 * @see Andreyev and Beneventano, Edge of Stochastic Stability, arXiv 2412.20553
 *
 * @example
 * ```ts
 * // The loss is 2x² + y² / 2. Its sharpness at (1, 1) is (4 · 4² + 1 · 1²) / (4² + 1²).
 * const gradient = async ([[x, y]]) => [Float64Array.of(4 * x, y)];
 * const sharpness = await directionalSharpness({ parameters: [Float64Array.of(1, 1)], gradient });
 * sharpness.toFixed(6); // '3.823529'
 * ```
 */
export async function directionalSharpness({ parameters, ...loss }: BatchLoss): Promise<number> {
  const gradient = await loss.gradient(parameters);
  const direction = loss.direction?.(gradient) ?? gradient;
  const squared = dot(direction, direction);
  // The weights that the update changes may be much smaller than others, as in a new head behind large embeddings.
  const weights =
    dot(direction, parameters, Math.abs) / Math.sqrt(squared) || Math.sqrt(dot(parameters, parameters)) || 1;
  const epsilon = (distance * weights) / Math.sqrt(squared);
  const slopeAt = async (sign: number): Promise<number> => {
    const moved = parameters.map((vector, i) =>
      (vector as Float32Array).map((value, k) => value + sign * epsilon * direction[i]![k]!),
    );
    return dot(await loss.gradient(moved), direction);
  };
  return ((await slopeAt(1)) - (await slopeAt(-1))) / (2 * epsilon) / dot(gradient, direction);
}

const itself = (value: number): number => value;

/** The sum of `of(x · y)` over the elements x and y of two lists of vectors. */
function dot(a: readonly Vector[], b: readonly Vector[], of = itself): number {
  let sum = 0;
  for (const [i, vector] of a.entries()) {
    const other = b[i]!;
    for (let k = 0; k < vector.length; k++) sum += of(vector[k]! * other[k]!);
  }
  return sum;
}
