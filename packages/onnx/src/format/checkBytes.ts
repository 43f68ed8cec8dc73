import { fail } from '../errors.ts';
import { show } from '../show.ts';

/**
 * Refuses a value that is not the content of a file.
 *
 * @param what - the kind of file, for the message: `an ONNX model`
 * @param ending - the ending of its name: `.onnx`
 */
export function checkBytes(bytes: unknown, what: string, ending: string): asserts bytes is Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length > 0) return;
  throw fail(
    `the bytes of ${what}`,
    bytes instanceof Uint8Array ? 'no bytes' : show(bytes),
    typeof bytes === 'string'
      ? 'Read the file first: await readFile(path).'
      : bytes instanceof ArrayBuffer
        ? 'Pass new Uint8Array(buffer).'
        : `Pass the whole content of the ${ending} file as a Uint8Array.`,
  );
}
