import { type TriangularPolicy, triangular } from '../policies/triangular.ts';

/** What {@link planCycles} needs to know. */
export interface CyclePlan {
  readonly baseLr: number;
  readonly maxLr: number;
  /** The budget, in steps. */
  readonly steps: number;
  /** How many steps one pass over the training data takes, if known. */
  readonly stepsPerEpoch?: number | undefined;
}

/**
 * The paper's advice as a policy: at least three cycles, a `stepSize` near four epochs (and never outside two
 * to ten where the budget allows), and a trough at the end: the cycles fill the budget but for fewer steps
 * than twice their number.
 *
 * @see Smith, arXiv 1506.01186, section 3.2
 */
export function planCycles({ baseLr, maxLr, steps, stepsPerEpoch }: CyclePlan): {
  policy: TriangularPolicy;
  steps: number;
} {
  const cycles = Math.max(3, Math.round(steps / (8 * (stepsPerEpoch ?? steps))));
  const stepSize = Math.max(1, Math.floor(steps / (2 * cycles)));
  return { policy: triangular({ baseLr, maxLr, stepSize }), steps: Math.min(steps, 2 * cycles * stepSize) };
}
