import { asOneFile, type Content } from '../format/content.ts';
import type { Forms } from '../lower/question.ts';
import type { Written } from '../training/emit.ts';
import type { BuildOptions } from '../training/options.ts';
import type { Prepared } from '../training/prepare.ts';
import type { FedWeights } from './fedWeights.ts';
import type { Source } from './source.ts';

/** The parts of a {@link PreparedModel}. */
export interface PreparedFrom {
  readonly prepared: Prepared;
  readonly source: Source;
  /** Prepares the same model from the content of the source. */
  readonly again: (content: Content) => Promise<Prepared>;
  /** Collects the weights that emitted models take as inputs. */
  readonly weights: FedWeights;
}

/**
 * The prepared model that sessions are made from. If the file is large, the model is released, and prepared again when
 * needed.
 */
export class PreparedModel {
  readonly options: BuildOptions;
  readonly #from: PreparedFrom;
  #ready: Promise<Prepared> | undefined;
  #forms: Forms;
  /** The number of models that are currently being written. */
  #users = 0;

  constructor(from: PreparedFrom) {
    const { prepared } = from;
    this.options = prepared.options;
    this.#from = from;
    this.#ready = Promise.resolve(prepared);
    this.#forms = prepared.forms();
  }

  /** The form chosen so far for each node that can be written in several ways. */
  get forms(): Forms {
    return this.#forms;
  }

  /** Uses other forms from now on. */
  adopt(forms: Forms): void {
    this.#forms = forms;
    this.#ready = this.#ready?.then((prepared) => prepared.as(forms));
  }

  /** The source as one file. */
  async file(): Promise<Uint8Array> {
    return asOneFile(await this.#from.source.content());
  }

  /** Writes a model from the prepared model. */
  async emit(write: (prepared: Prepared) => Written): Promise<Written> {
    const { source, again, weights } = this.#from;
    this.#users += 1;
    try {
      this.#ready ??= source
        .content()
        .then(again)
        .then((prepared) => prepared.as(this.#forms));
      const prepared = await this.#ready;
      const written = write(prepared);
      weights.hold(written.fed);
      this.#forms = { ...this.#forms, ...prepared.forms() };
      return written;
    } catch (error) {
      if (source.again) this.#ready = undefined;
      throw error;
    } finally {
      this.#users -= 1;
      this.release();
    }
  }

  /** Releases everything that can be prepared again. */
  release(): void {
    if (this.#users > 0) return;
    const { source, weights } = this.#from;
    if (source.again) this.#ready = undefined;
    source.release((arrays, given) => weights.settle(arrays, given));
  }
}
