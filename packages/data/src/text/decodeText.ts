/**
 * Decodes UTF-8 or UTF-16 text and drops its byte order mark. Windows PowerShell's `>` writes UTF-16. Without a mark, a
 * zero among the first two bytes means UTF-16, since JSON and tables start with an ASCII character.
 *
 * @throws {TypeError} on bytes that the encoding does not allow
 *
 * @example
 * ```ts
 * decodeText(Uint8Array.of(0xff, 0xfe, 0x61, 0x00)); // 'a'
 * ```
 */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || first === 0) return 'utf-16be';
  return 'utf-8';
}
