import type { Checkpoint, CheckpointStore } from '@clr/checkpoint';
import { indexedDbStore } from '@clr/checkpoint/browser';
import type { DroppedFiles, History } from './protocol.ts';

/** The stored state of a run, so that another visit can continue it. */
const store: CheckpointStore = indexedDbStore('playground');
const filesCache = 'clr-playground-run';
/** The entry that stands for "no run", because a store cannot remove entries. */
const nothing = { step: 0, snapshot: { none: new Uint8Array(1) }, extra: null } as const;

/** A checkpoint of a run with its history. */
export type Kept = Checkpoint & { readonly extra: History };

export const keep = (step: number, snapshot: object, history: History): Promise<void> =>
  store.save({ step, snapshot, extra: history });

export async function kept(): Promise<Kept | undefined> {
  const checkpoint = await store.load();
  return checkpoint?.extra ? (checkpoint as Kept) : undefined;
}

export const forget = (): Promise<void> => store.save(nothing);

export const forgetFiles = (): Promise<boolean> => caches.delete(filesCache);

/** Stores the files that a run needs in the browser's storage on disk. */
export async function keepFiles(files: DroppedFiles): Promise<void> {
  const cache = await caches.open(filesCache);
  for (const [key, file] of Object.entries(files) as [string, File][]) {
    await cache.put(`/${key}`, new Response(file, { headers: { 'x-name': encodeURIComponent(file.name) } }));
  }
}

export async function keptFiles(): Promise<DroppedFiles | undefined> {
  const cache = await caches.open(filesCache);
  const read = async (key: string): Promise<File | undefined> => {
    const response = await cache.match(`/${key}`);
    return (
      response && new File([await response.blob()], decodeURIComponent(response.headers.get('x-name') ?? key))
    );
  };
  const [model, data] = [await read('model'), await read('data')];
  return model && data && { model, data };
}
