// Core knows neither Node's types nor the DOM's; each host has one of the first two. Timers are the last resort:
// browsers hold them back, in tabs that nobody sees for a second each.
interface Host {
  readonly setImmediate?: (then: () => void) => unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: unknown): void };
  };
  readonly setTimeout: (then: () => void, delay: number) => unknown;
}

// Milliseconds of work after which timers, signals and input get their turn.
const patience = 50;

let before = 0;

/**
 * Lets the event loop turn if it has been a while. A model that answers at once is awaited in microtasks alone, which
 * keep back everything else: timers, Ctrl-C, a click on "stop".
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
