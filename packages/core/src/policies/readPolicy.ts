import { PolicyError } from '../errors.ts';
import type { Policy } from '../policy.ts';
import { kindOf, makePolicy } from './policyKind.ts';

/** A policy of any registered kind from unknown data. */
export function readPolicy(value: unknown, path = ''): Policy {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const advice =
      typeof value === 'number'
        ? `For this rate at every step pass constant({ lr: ${value} }).`
        : 'Make one: constant({ lr }), triangular({ baseLr, maxLr, stepSize }), … .';
    throw new PolicyError(path || 'policy', value, 'an object with a type', advice);
  }
  const { type } = value as { readonly type?: unknown };
  return makePolicy(kindOf(type, path), value, path) as Policy;
}
