/**
 * An optimizer's arithmetic as WGSL.
 *
 * `update` is a list of statements over `w` (the weight, `var`), `g` (its gradient, `var`), the slots
 * `s0 … s2` (`var`), and `now` (the step's numbers, see prepareKernel.ts).
 */
export interface Rule {
  /** The numbers per weight that are kept between steps. */
  readonly slots: number;
  /** The initial value of a slot. Default 0. */
  readonly initial?: number;
  readonly update: string;
  /** The momentum (β₁ or μ) if neither the policy nor the trainer gives a momentum. */
  readonly momentum: number;
  /** β₂, when the bias of the second moment is corrected. */
  readonly beta2?: number;
  /** λ of a weight decay that acts on the weights instead of the gradient. */
  readonly decoupledDecay?: number;
  /** False if the rule has no slot for a velocity, so that a momentum has no effect. */
  readonly takesMomentum: boolean;
}
