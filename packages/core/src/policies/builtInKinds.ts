import { constantKind } from './constant.ts';
import { cosineRestartsKind } from './cosineRestarts.ts';
import { cyclicKind } from './cyclic.ts';
import { decayKind } from './decay.ts';
import { expRangeKind } from './expRange.ts';
import { oneCycleKind } from './oneCycle.ts';
import { type PolicyKind, register } from './policyKind.ts';
import { rampKind } from './ramp.ts';
import { sequenceKind } from './sequence.ts';
import { tableKind } from './table.ts';
import { triangularKind } from './triangular.ts';
import { triangular2Kind } from './triangular2.ts';
import { wsdKind } from './wsd.ts';

/** @internal */
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

/**
 * Registers every kind of policy. A kind registers itself when it is imported, so this function adds all of them to a
 * bundle. A new policy needs a line here and in `policy.ts`.
 */
export function registerBuiltIns(): void {
  for (const kind of kinds as readonly PolicyKind[]) register(kind);
}
