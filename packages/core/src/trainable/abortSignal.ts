import { PolicyError } from '../errors.ts';

/** The part of an `AbortSignal` that core needs. Core does not use the DOM's types. */
export interface AbortSignalLike {
  /** Whether it has aborted. */
  readonly aborted: boolean;
  /** Optional. With it, an abort does not wait for a batch that never comes. */
  addEventListener?(type: 'abort', listener: () => void): void;
  /** Undoes `addEventListener`. */
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** Refuses a value that can never abort, most often a controller in place of its signal. */
export function checkSignal(name: string, signal: unknown): void {
  if (signal === undefined || signal === null) return;
  if (typeof (signal as Partial<AbortSignalLike>).aborted === 'boolean') return;
  throw new PolicyError(name, signal, 'an AbortSignal', 'Pass `signal` of an AbortController.');
}
