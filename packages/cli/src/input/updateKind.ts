import type { UpdateKind } from '@clr/core';

/** The names that core gives to the kinds of update. */
export const updateKinds: readonly UpdateKind[] = ['sgd', 'momentum', 'adaptive', 'rmsProp'];

export const isUpdateKind = (value: unknown): value is UpdateKind =>
  updateKinds.includes(value as UpdateKind);
