/**
 * A signal that aborts at the first Ctrl-C (SIGINT) or SIGTERM, so that `train` stops between two steps and
 * its checkpoint is saved. The second one ends the process as usual.
 *
 * @param signals - which ones. Default: SIGINT and SIGTERM
 * @returns the signal, and `release()`, which gives Ctrl-C its usual meaning back
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
  readonly signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  const listeners = signals.map((name) => {
    const abort = (): void => {
      // From here on the system's own handling counts again: a second Ctrl-C ends the process.
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
