/**
 * Keeps the runtime and the digits that this worker has fetched. The service worker does so too, but not for a worker that
 * began before it did: in the first visit.
 */
export async function keepLarge(): Promise<void> {
  if (import.meta.env.DEV || !('caches' in self)) return;
  const cache = await caches.open('clr-playground');
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  for (const url of new Set(loaded.filter((name) => /\.wasm$|\/digits\//.test(name)))) {
    if (!(await cache.match(url))) await cache.add(url);
  }
}
