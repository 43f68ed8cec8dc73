import { fail } from '../errors.ts';
import { type Content, sizeOfContent } from '../format/content.ts';
import { hashOf } from './hashOf.ts';
import { letGo } from './letGo.ts';
import { type ExternalData, readModelFile } from './readModelFile.ts';

/**
 * Models of at least this many bytes are not kept in memory, but read again when needed. This takes less time than a
 * step of such a model.
 */
const large = 1 << 24;

/** The arrays of a model's content: the model file, then its external data. */
const arraysOf = ({ bytes, parts }: Content): Uint8Array[] => [bytes, ...parts.values()];

/**
 * Receives a model's arrays when {@link Source.release} is called. Keeps those still needed and frees the others. If
 * `given` is set, the arrays stay in use elsewhere, so they must be neither changed nor freed.
 */
export type Use = (arrays: readonly Uint8Array[], given: boolean) => void;

const free: Use = (arrays, given) => {
  if (!given) for (const array of arrays) letGo(array);
};

/** The content of a model. It is kept in memory, except for large files, which are read again when needed. */
export class Source {
  readonly #file: Uint8Array | string;
  readonly #lengths: readonly number[];
  #hashes: readonly number[] | undefined;
  #content: Content | undefined;

  private constructor(file: Uint8Array | string, content: Content) {
    const node = typeof process !== 'undefined' && process.versions?.node !== undefined;
    this.#file = file;
    this.#content = content;
    const arrays = arraysOf(content);
    this.#lengths = arrays.map(({ length }) => length);
    const again = node && typeof file === 'string' && sizeOfContent(content) >= large;
    this.#hashes = again ? arrays.map(hashOf) : undefined;
  }

  /** Reads a model; see {@link readModelFile}. */
  static async of(file: Uint8Array | string, externalData?: ExternalData): Promise<Source> {
    const content = await readModelFile(file, externalData);
    // The callback is not called again, because it may return other data the second time.
    return new Source(externalData ? content.bytes : file, content);
  }

  /** Whether the content can be released. */
  get again(): boolean {
    return this.#hashes !== undefined;
  }

  /**
   * The content.
   *
   * @throws {ClrError} if the files have changed
   */
  async content(): Promise<Content> {
    if (this.#content) return this.#content;
    const content = await readModelFile(this.#file);
    const arrays = arraysOf(content);
    const at = arrays.findIndex(
      (array, i) => array.length !== this.#lengths[i] || hashOf(array) !== this.#hashes?.[i],
    );
    if (at >= 0 || arrays.length !== this.#lengths.length) {
      const [now, before] = [arrays[at]?.length, this.#lengths[at]];
      throw fail(
        `the file ${JSON.stringify(this.#file)}${at > 0 ? ' and its external data' : ''} to be unchanged since the trainer was made`,
        now === before ? 'other bytes' : `${now} bytes, not ${before}`,
        'Restore the file: a large model is not kept in memory but read again. Or pass its bytes, which are kept.',
      );
    }
    this.#content = content;
    return content;
  }

  /** Keeps the content from now on. */
  keep(): void {
    this.#hashes = undefined;
  }

  /** Drops the content if it can be read again. Everything that was decoded from it is invalid afterwards. */
  release(use: Use = free): void {
    if (this.#content) use(arraysOf(this.#content), !this.again);
    if (this.again) this.#content = undefined;
  }
}
