import { constants } from 'node:os';
import { fail, inWords } from '../errors.ts';

/**
 * Makes an AbortSignal that aborts at the first Ctrl-C (SIGINT) or SIGTERM, so that `train` stops between two steps and
 * saves its checkpoint. A second Ctrl-C ends the process as usual.
 *
 * @param signals - the system signals to listen for. Default: SIGINT and SIGTERM
 * @throws {ClrError} for a signal that this system does not have, or that a process cannot catch
 * @returns the AbortSignal, and `release()`, which restores the usual meaning of Ctrl-C
 *
 * @example
 * ```ts
 * const interrupt = abortOnInterrupt();
 * process.emit('SIGINT'); // what Ctrl-C does
 * interrupt.signal.aborted; // true
 * interrupt.release();
 * ```
 */
export function abortOnInterrupt(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']): {
  /** Aborts when the process receives one of `signals`. */
  readonly signal: AbortSignal;
  /** Stops listening. From then on the signals end the process as usual. */
  release(): void;
} {
  checkSignals(signals);
  const controller = new AbortController();
  const listeners = signals.map((name) => {
    const abort = (): void => {
      // Restores the usual handling: a second Ctrl-C ends the process.
      release();
      controller.abort(new DOMException(`The process received ${name}.`, 'AbortError'));
    };
    process.on(name, abort);
    return { name, abort };
  });
  const release = (): void => {
    for (const { name, abort } of listeners) process.off(name, abort);
  };
  return { signal: controller.signal, release };
}

/** Node cannot listen for these two, because no process can catch them. */
const uncaught = ['SIGKILL', 'SIGSTOP'];

function checkSignals(signals: unknown): void {
  const known = (name: unknown): boolean =>
    typeof name === 'string' && Object.hasOwn(constants.signals, name) && !uncaught.includes(name);
  if (Array.isArray(signals) && signals.length > 0 && signals.every(known)) return;
  const wrong = Array.isArray(signals) ? signals.find((name) => !known(name)) : signals;
  throw fail(
    'a list of signals that a process can catch on this system',
    Array.isArray(signals) && signals.length === 0 ? 'an empty list' : inWords(wrong),
    "Pass ['SIGINT', 'SIGTERM'], for example.",
  );
}
