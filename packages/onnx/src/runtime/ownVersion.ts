/// <reference types="node" />

/** The version of this package. It is known only in Node, and only if the package is not bundled. */
export async function ownVersion(): Promise<string> {
  try {
    // Not import(), because bundlers for the browser warn about it.
    const { readFile } = process.getBuiltinModule('node:fs/promises');
    // A variable, because bundlers would emit a file for a literal in `new URL`.
    const path = '../../package.json';
    const manifest = await readFile(new URL(path, import.meta.url), 'utf8');
    return String((JSON.parse(manifest) as { version?: unknown }).version);
  } catch {
    return 'unknown';
  }
}
