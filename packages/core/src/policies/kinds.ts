import { constantKind } from './constant.ts';
import { cosineRestartsKind } from './cosineRestarts.ts';
import { cyclicKind } from './cyclic.ts';
import { decayKind } from './decay.ts';
import { expRangeKind } from './expRange.ts';
import { oneCycleKind } from './oneCycle.ts';
import { rampKind } from './ramp.ts';
import { sequenceKind } from './sequence.ts';
import { tableKind } from './table.ts';
import { triangularKind } from './triangular.ts';
import { triangular2Kind } from './triangular2.ts';
import { wsdKind } from './wsd.ts';

/** Every kind of policy: a new one is a file beside this one, and a line in here and in `policy.ts`. */
export const kinds: readonly { readonly type: string }[] = [
  constantKind,
  triangularKind,
  triangular2Kind,
  expRangeKind,
  cyclicKind,
  oneCycleKind,
  cosineRestartsKind,
  decayKind,
  wsdKind,
  rampKind,
  sequenceKind,
  tableKind,
];
