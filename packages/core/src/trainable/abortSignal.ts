import { PolicyError } from '../errors.ts';

/** As much of an `AbortSignal` as core asks for; core itself knows no DOM. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** Where it is there, an abort does not wait for a batch that never comes. */
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** Refuses what can never abort: most often the controller where its signal is meant. */
export function checkSignal(name: string, signal: unknown): void {
  if (signal === undefined || signal === null) return;
  if (typeof (signal as Partial<AbortSignalLike>).aborted === 'boolean') return;
  throw new PolicyError(name, signal, 'an AbortSignal', 'Pass `signal` of an AbortController.');
}
