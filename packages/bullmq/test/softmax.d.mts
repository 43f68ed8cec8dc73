import type { ReferenceBatch, ReferenceTrainable } from '@clr/conformance';
import type { Job, OpenedJob } from '@clr/sweep';

export declare function open(
  job: Job,
): OpenedJob<ReferenceBatch> & { readonly trainable: ReferenceTrainable };
