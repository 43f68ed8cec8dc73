import { fail } from '../errors.ts';

/** Stands in for the checksum's hexadecimal digits while the checksum is computed. */
export const placeholder: string = '0'.repeat(64);

// The digits follow the header's length and the beginning of the header: {"__metadata__":{"sha256":"
const at = 8 + '{"__metadata__":{"sha256":"'.length;

/** The SHA-256, in hexadecimal digits, of a file with the checksum's own digits set to 0. */
async function sumOf(file: Uint8Array): Promise<string> {
  const sum = await crypto.subtle.digest('SHA-256', file as Uint8Array<ArrayBuffer>).catch((cause) => {
    throw fail(
      'a checkpoint that Web Crypto can hash, at most 2 GiB in Node',
      `${file.length} bytes (${String(cause)})`,
      'Train fewer weights, or keep large constant data beside the checkpoint.',
      { cause },
    );
  });
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Writes the checksum into a file whose first metadata entry is a {@link placeholder} called `sha256`. */
export async function seal(file: Uint8Array): Promise<void> {
  file.set(new TextEncoder().encode(await sumOf(file)), at);
}

/** True if a file matches its checksum. */
export async function isSealed(file: Uint8Array): Promise<boolean> {
  const stated = new TextDecoder().decode(file.subarray(at, at + placeholder.length));
  const unsealed = new Uint8Array(file); // slice() would return a view of a Buffer, so make a copy this way
  unsealed.set(new TextEncoder().encode(placeholder), at);
  return file.length > at + placeholder.length && (await sumOf(unsealed)) === stated;
}
