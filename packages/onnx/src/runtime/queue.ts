import { fail } from '../errors.ts';

const disposed = (): Error =>
  fail('a trainer that has not been disposed of', 'a call after dispose()', 'Create a new trainer.');

/** Runs calls one after another, because state vectors must not be swapped while a session runs. */
export class Queue {
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Runs `work` after all earlier work. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(disposed());
    const result = this.#tail.then(work, work);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Throws after {@link close}. */
  check(): void {
    if (this.#closed) throw disposed();
  }

  /** Refuses later work, and resolves when the earlier work is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }
}
