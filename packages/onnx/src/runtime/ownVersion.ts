/// <reference types="node" />

/** The version of this package where it can be read: in Node, unless it was bundled. */
export async function ownVersion(): Promise<string> {
  try {
    // Not by import(), of which bundlers for the browser warn.
    const { readFile } = process.getBuiltinModule('node:fs/promises');
    // Bundlers take a literal in `new URL` for a file that they must deliver.
    const path = '../../package.json';
    const manifest = await readFile(new URL(path, import.meta.url), 'utf8');
    return String((JSON.parse(manifest) as { version?: unknown }).version);
  } catch {
    return 'unknown';
  }
}
