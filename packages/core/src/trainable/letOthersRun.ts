// Core uses neither Node's types nor the DOM's. Each host has one of the first two functions. Timers are the last
// resort, because browsers delay them, in hidden tabs by a second.
interface Host {
  readonly setImmediate?: (then: () => void) => unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: unknown): void };
  };
  readonly setTimeout: (then: () => void, delay: number) => unknown;
}

// The milliseconds of work after which timers, signals and input may run.
const patience = 50;

let before = 0;

/**
 * Lets the event loop run if it has not run for a while. A model that computes synchronously is awaited in microtasks
 * alone, which block timers, Ctrl-C and a click on "stop".
 */
export async function letOthersRun(): Promise<void> {
  if (Math.abs(Date.now() - before) < patience) return;
  const { setImmediate, MessageChannel, setTimeout } = globalThis as unknown as Host;
  await new Promise<void>((resolve) => {
    if (setImmediate) setImmediate(resolve);
    else if (MessageChannel) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    } else setTimeout(resolve, 0);
  });
  before = Date.now();
}
