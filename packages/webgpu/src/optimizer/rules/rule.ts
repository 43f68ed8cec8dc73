import type { Optimizer } from '@clr/core';
import { badArgument } from '../../errors.ts';
import { adagradRule } from './adagrad.ts';
import { adamRule } from './adam.ts';
import { rmsPropRule } from './rmsProp.ts';
import { sgdRule } from './sgd.ts';

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

/** The rule of an optimizer; `cycled` says that a policy brings a momentum. */
export function ruleOf(spec: Optimizer, cycled: boolean): Rule {
  switch (spec.type) {
    case 'sgd':
      return sgdRule(spec, cycled);
    case 'adam':
    case 'adamW':
      return adamRule(spec);
    case 'rmsProp':
      return rmsPropRule(spec, cycled);
    case 'adagrad':
      return adagradRule(spec);
    default:
      throw badArgument(
        'an optimizer made by sgd(), adam(), adamW(), rmsProp() or adagrad()',
        `type = ${String((spec as { type?: unknown }).type)}`,
        'Make it with a factory of @clr/core.',
      );
  }
}
