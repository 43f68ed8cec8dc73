let closed: { postMessage(message: unknown, transfer: ArrayBuffer[]): void } | undefined;

/** Smaller arrays (in bytes) are left to the garbage collector, because a transfer takes some microseconds. */
const least = 1 << 17;

/**
 * Frees the memory of an unused array at once instead of at some later garbage collection. It transfers the buffer to a
 * closed port. (From Node 21 on, `ArrayBuffer.prototype.transfer` could be used instead.)
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
