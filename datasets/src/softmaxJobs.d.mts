import type { ReferenceBatch, ReferenceTrainable } from '@clr/conformance';

export declare const module: string;

export declare function open(job: {
  readonly id: string;
  readonly seed: number;
  readonly data: unknown;
  readonly optimizer: object;
}): {
  readonly trainable: ReferenceTrainable;
  readonly batches: () => AsyncGenerator<ReferenceBatch>;
  readonly validation: readonly ReferenceBatch[];
};
