import type { AdagradOptimizer } from './adagrad.ts';
import type { AdamOptimizer, AdamWOptimizer } from './adam.ts';
import type { RmsPropOptimizer } from './rmsProp.ts';
import type { SgdOptimizer } from './sgd.ts';

/**
 * An optimizer as plain JSON, every default written out. Adapters that compute the weight update themselves execute it.
 */
export type Optimizer = SgdOptimizer | AdamOptimizer | AdamWOptimizer | RmsPropOptimizer | AdagradOptimizer;
