// Fetch from the network first, so that a new version arrives; without a network, take the cached file. Large files
// (the runtimes and the digits) are cached at their first use and not fetched again.
const cacheName = 'clr-playground';
const large = /\.wasm$|\/digits\//;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const cache = await caches.open(cacheName);
  const isLarge = large.test(new URL(request.url).pathname);
  const kept = () => cache.match(request, { ignoreSearch: true, ignoreVary: true });
  const known = isLarge ? await kept() : undefined;
  if (known) return known;
  try {
    const response = await fetch(request);
    if (isLarge && response.ok) await cache.put(request, response.clone());
    return response;
  } catch {
    return (await kept()) ?? Response.error();
  }
}
