import type { ConstantPolicy } from './policies/constant.ts';
import type { CosineRestartsPolicy } from './policies/cosineRestarts.ts';
import type { CyclicPolicy } from './policies/cyclic.ts';
import type { DecayPolicy } from './policies/decay.ts';
import type { ExpRangePolicy } from './policies/expRange.ts';
import type { OneCyclePolicy } from './policies/oneCycle.ts';
import type { RampPolicy } from './policies/ramp.ts';
import type { SequencePolicy } from './policies/sequence.ts';
import type { TablePolicy } from './policies/table.ts';
import type { TriangularPolicy } from './policies/triangular.ts';
import type { Triangular2Policy } from './policies/triangular2.ts';
import type { WsdPolicy } from './policies/wsd.ts';

/** A learning-rate policy: frozen, plain JSON without functions or classes. */
export type Policy =
  | ConstantPolicy
  | CosineRestartsPolicy
  | CyclicPolicy
  | DecayPolicy
  | ExpRangePolicy
  | OneCyclePolicy
  | RampPolicy
  | SequencePolicy
  | TablePolicy
  | TriangularPolicy
  | Triangular2Policy
  | WsdPolicy;
