/**
 * An optimizer's arithmetic as WGSL.
 *
 * `update` is a list of statements over `w` (the weight, `var`), `g` (its gradient, `var`), the slots
 * `s0 … s2` (`var`), and `now` (the step's numbers, see prepareKernel.ts).
 */
export interface Rule {
  /** How many numbers per weight outlive a step. */
  readonly slots: number;
  /** What a slot starts at; 0 when absent. */
  readonly initial?: number;
  readonly update: string;
  /** β₁ or μ when neither policy nor trainer gives one. */
  readonly momentum: number;
  /** β₂, when the bias of the second moment is corrected. */
  readonly beta2?: number;
  /** λ of a decay that is applied to the weights rather than to the gradient. */
  readonly decoupledDecay?: number;
  /** Whether a momentum can act at all: `false` needs a slot that is not there. */
  readonly takesMomentum: boolean;
}
