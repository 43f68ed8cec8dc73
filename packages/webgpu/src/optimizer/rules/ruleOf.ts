import type { Optimizer } from '@clr/core';
import { adagradRule } from './adagrad.ts';
import { adamRule } from './adam.ts';
import { rmsPropRule } from './rmsProp.ts';
import type { Rule } from './rule.ts';
import { sgdRule } from './sgd.ts';

/** The update rule of an optimizer. `cycled` says whether the policy sets the momentum. */
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
  }
}
