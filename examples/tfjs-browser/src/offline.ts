/** Caches everything that this page has loaded, so that it works without a network from now on. */
export async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator && navigator.onLine)) return;
  await navigator.serviceWorker.register('./sw.js');
  await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  const own = loaded.filter((name) => name.startsWith(location.origin) && !name.endsWith('/sw.js'));
  const cache = await caches.open('clr-digits');
  await cache.addAll([location.origin + location.pathname, ...new Set(own)]);
  document.documentElement.dataset.offline = 'ready';
}
