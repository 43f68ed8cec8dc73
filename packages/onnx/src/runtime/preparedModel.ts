import type { Forms } from '../lower/question.ts';
import type { BuildOptions } from '../training/options.ts';
import type { Prepared } from '../training/prepare.ts';
import type { Source } from './source.ts';

/** The prepared model that sessions are made of. That of a large file is let go of, and prepared again. */
export class PreparedModel {
  readonly options: BuildOptions;
  readonly #source: Source;
  readonly #again: (bytes: Uint8Array) => Promise<Prepared>;
  #ready: Promise<Prepared> | undefined;
  #forms: Forms;
  /** Sessions that are written now. */
  #users = 0;

  /** @param again - prepares the same model from the bytes of the source */
  constructor(prepared: Prepared, source: Source, again: (bytes: Uint8Array) => Promise<Prepared>) {
    this.options = prepared.options;
    this.#source = source;
    this.#again = again;
    this.#ready = Promise.resolve(prepared);
    this.#forms = prepared.forms();
  }

  /** The forms in which contested nodes have been written so far. */
  get forms(): Forms {
    return this.#forms;
  }

  /** Writes in other forms from now on. */
  adopt(forms: Forms): void {
    this.#forms = forms;
    this.#ready = this.#ready?.then((prepared) => prepared.as(forms));
  }

  /** The bytes of the source. */
  bytes(): Promise<Uint8Array> {
    return this.#source.bytes();
  }

  /** Writes a model. */
  async emit<T>(write: (prepared: Prepared) => T): Promise<T> {
    this.#users += 1;
    try {
      this.#ready ??= this.#source
        .bytes()
        .then(this.#again)
        .then((prepared) => prepared.as(this.#forms));
      const prepared = await this.#ready;
      const written = write(prepared);
      this.#forms = { ...this.#forms, ...prepared.forms() };
      return written;
    } catch (error) {
      if (this.#source.again) this.#ready = undefined;
      throw error;
    } finally {
      this.#users -= 1;
      this.release();
    }
  }

  /** Lets go of what can be had again. */
  release(): void {
    if (!this.#source.again || this.#users > 0) return;
    this.#ready = undefined;
    this.#source.release();
  }
}
