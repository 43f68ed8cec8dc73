/** A hash of a text: 16 hexadecimal digits. It is not cryptographic, so callers must compare the texts too. */
export function hashText(text: string): string {
  // Two 32-bit multiplicative hashes (FNV-1a, with different primes) over the bytes.
  let [a, b] = [0x811c9dc5, 0xc9dc5811];
  for (const byte of new TextEncoder().encode(text)) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b);
    b = (b << 13) | (b >>> 19);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
