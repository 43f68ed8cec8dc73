import { fail } from '../errors.ts';
import { hashOf } from './hashOf.ts';
import { letGo } from './letGo.ts';
import { type ExternalData, readModelFile } from './readModelFile.ts';

/** Files from here on (bytes) are let go of and read again: that takes less than a step of such a model. */
const large = 1 << 24;

function forget(bytes: Uint8Array | undefined, given: boolean): void {
  if (bytes && !given) letGo(bytes);
}

/** The bytes of a model: kept, or those of a large file, read again whenever they are needed. */
export class Source {
  readonly #file: Uint8Array | string;
  readonly #length: number;
  #hash: number | undefined;
  #bytes: Uint8Array | undefined;

  private constructor(file: Uint8Array | string, bytes: Uint8Array) {
    const node = typeof process !== 'undefined' && process.versions?.node !== undefined;
    this.#file = file;
    this.#length = bytes.length;
    this.#bytes = bytes;
    const again = node && typeof file === 'string' && bytes.length >= large;
    this.#hash = again ? hashOf(bytes) : undefined;
  }

  /** Reads a model; see {@link readModelFile}. */
  static async of(file: Uint8Array | string, externalData?: ExternalData): Promise<Source> {
    const bytes = await readModelFile(file, externalData);
    // What a callback gave once it may not give again.
    return new Source(externalData ? bytes : file, bytes);
  }

  /** Whether the bytes can be let go of. */
  get again(): boolean {
    return this.#hash !== undefined;
  }

  /**
   * The bytes.
   *
   * @throws {ClrError} when the file is not what it was
   */
  async bytes(): Promise<Uint8Array> {
    if (this.#bytes) return this.#bytes;
    const bytes = await readModelFile(this.#file);
    if (bytes.length !== this.#length || hashOf(bytes) !== this.#hash) {
      throw fail(
        `the file ${JSON.stringify(this.#file)} as it was when the trainer was made`,
        bytes.length === this.#length ? 'other bytes' : `${bytes.length} bytes, not ${this.#length}`,
        'Put it back: a large model is not kept in memory but read again. Or pass its bytes, which are kept.',
      );
    }
    this.#bytes = bytes;
    return bytes;
  }

  /** Keeps the bytes for good. */
  keep(): void {
    this.#hash = undefined;
  }

  /**
   * Forgets the bytes where they can be read again. Everything that was decoded from them is invalid afterwards.
   *
   * @param use - may keep parts of them, and frees the rest; `given` is set where they stay as they are
   */
  release(use: (bytes: Uint8Array | undefined, given: boolean) => void = forget): void {
    use(this.#bytes, !this.again);
    if (this.again) this.#bytes = undefined;
  }
}
