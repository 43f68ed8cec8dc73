let closed: { postMessage(message: unknown, transfer: ArrayBuffer[]): void } | undefined;

/** Below this many bytes the garbage collector is left to it: letting go takes some microseconds. */
const least = 1 << 17;

/**
 * Frees the memory of an array that nobody reads any more, now instead of at some later garbage collection: it is given
 * away to nobody. (`ArrayBuffer.prototype.transfer` would do it, from Node 21 on.)
 */
export function letGo({ buffer }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < least) return;
  if (!closed) {
    const { port1 } = new MessageChannel();
    port1.close();
    closed = port1;
  }
  closed.postMessage(null, [buffer]);
}
