// Fetch from the network first, so that a new version arrives; without a network, take the cached file.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  event.respondWith(
    fetch(event.request).catch(async () => {
      const kept = await caches.match(event.request, { ignoreSearch: true, ignoreVary: true });
      return kept ?? Response.error();
    }),
  );
});
