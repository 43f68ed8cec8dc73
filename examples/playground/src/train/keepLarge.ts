/**
 * Caches the runtime and the digits that this worker fetched. On the first visit this worker starts before the service
 * worker, so the service worker misses its requests.
 */
export async function keepLarge(): Promise<void> {
  if (import.meta.env.DEV || !('caches' in self)) return;
  const cache = await caches.open('clr-playground');
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  for (const url of new Set(loaded.filter((name) => /\.wasm$|\/digits\//.test(name)))) {
    if (!(await cache.match(url))) await cache.add(url);
  }
}
