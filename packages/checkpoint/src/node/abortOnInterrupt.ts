/**
 * Makes an AbortSignal that aborts at the first Ctrl-C (SIGINT) or SIGTERM, so that `train` stops between two steps and
 * saves its checkpoint. A second Ctrl-C ends the process as usual.
 *
 * @param signals - the system signals to listen for. Default: SIGINT and SIGTERM
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
