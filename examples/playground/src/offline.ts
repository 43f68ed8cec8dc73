/**
 * Caches the built files, so that the page works without a network from its second load on. The service worker caches
 * runtimes and digits after their first use.
 */
export async function keepOffline(status: HTMLElement): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('./sw.js');
    await navigator.serviceWorker.ready;
    if (navigator.onLine) {
      const names = (await (await fetch('./files.json')).json()) as readonly string[];
      const cache = await caches.open('clr-playground');
      const wanted = ['./', './files.json', ...names.map((name) => `./${name}`)];
      const kept = new Set((await cache.keys()).map(({ url }) => url));
      const missing = wanted.filter((name) => !kept.has(new URL(name, location.href).href));
      await cache.addAll([...new Set(['./', ...missing])]);
    }
    status.textContent = 'It works without a network now.';
    document.documentElement.dataset.offline = 'ready';
  } catch {
    // Caching fails on a full disk or in a private window. The page still works with a network.
  }
}
