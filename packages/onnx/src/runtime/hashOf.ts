/** A 32-bit hash (FNV-1a over words) that distinguishes contents. Not cryptographic. */
export function hashOf(content: string | ArrayBufferView): number {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const { buffer, byteOffset, byteLength } = bytes;
  const words = byteLength >>> 2;
  // Unaligned words must be copied.
  const whole =
    byteOffset % 4 === 0
      ? new Uint32Array(buffer, byteOffset, words)
      : new Uint32Array(buffer.slice(byteOffset, byteOffset + 4 * words));
  let hash = 0x811c9dc5 ^ byteLength;
  for (const word of whole) {
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  for (const byte of new Uint8Array(buffer, byteOffset + 4 * words, byteLength - 4 * words)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}
