import { createStore, get, set, type UseStore } from 'idb-keyval';
import type { CheckpointStore } from '../checkpoint.ts';
import { fail, inWords } from '../errors.ts';
import { decodeCheckpoint } from '../format/decodeCheckpoint.ts';
import { encodeCheckpoint } from '../format/encodeCheckpoint.ts';

let opened: UseStore | undefined;

/**
 * Keeps a run's checkpoint in an entry of IndexedDB. IndexedDB replaces it in one transaction, so closing the tab
 * leaves either the old checkpoint or the new one, complete.
 *
 * @param name - the run's name. Each name has one checkpoint
 * @throws {ClrError} if the name is not text
 *
 * @example
 * ```ts
 * const store = indexedDbStore('digits');
 * await store.save({ step: 7, snapshot: { weights: Float32Array.of(1, 2) } });
 * (await store.load()).step; // 7
 * ```
 */
export function indexedDbStore(name: string): CheckpointStore {
  if (typeof name !== 'string' || name === '') {
    const received = name === '' ? 'an empty string' : inWords(name);
    throw fail('the name of a run as a string', received, "Pass 'digits', for example.");
  }
  return {
    async save(checkpoint) {
      const bytes = await encodeCheckpoint(checkpoint);
      await inBrowser('to save a checkpoint', (store) => set(name, bytes, store));
    },
    async load() {
      const bytes = await inBrowser('to read a checkpoint', (store) => get<Uint8Array>(name, store));
      return bytes === undefined ? undefined : decodeCheckpoint(bytes);
    },
  };
}

async function inBrowser<T>(expected: string, act: (store: UseStore) => Promise<T>): Promise<T> {
  try {
    opened ??= createStore('clr', 'checkpoints');
    return await act(opened);
  } catch (cause) {
    throw fail(
      `${expected} in IndexedDB`,
      String(cause),
      'Allow the page to store data, and check navigator.storage.estimate().',
      { cause },
    );
  }
}
