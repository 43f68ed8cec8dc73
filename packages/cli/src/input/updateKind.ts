import type { UpdateKind } from '@clr/core';

/** Core's names of the kinds of update. */
export const updateKinds: readonly UpdateKind[] = ['sgd', 'momentum', 'adaptive', 'rmsProp'];

export const isUpdateKind = (value: unknown): value is UpdateKind =>
  updateKinds.includes(value as UpdateKind);
