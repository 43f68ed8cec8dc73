/// <reference types="node" />
import { fail } from '../errors.ts';

/** The bytes of a model: given, or read from a path (Node) or an address (browser). */
export async function readModelFile(model: Uint8Array | string): Promise<Uint8Array> {
  if (typeof model !== 'string') return model;
  try {
    if (typeof process !== 'undefined' && process.versions?.node) {
      const { readFile } = await import('node:fs/promises');
      return await readFile(model);
    }
    const response = await fetch(model);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw fail(
      'the path of a readable ONNX file',
      `${JSON.stringify(model)} (${cause instanceof Error ? cause.message : String(cause)})`,
      'Check the path, or pass the bytes.',
      { cause },
    );
  }
}
