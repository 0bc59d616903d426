// Between the player and the network: a film's verified address exists only here. What the player asks of it is asked of
// the page, which reads, verifies and hands over the bytes; without the page, or for bytes that do not hold, there are none.
// A worker without memory: it may be ended at any moment.

const VERIFIED = /^\/clips\/[^/]+\/[0-9a-f]{64}\/verified\/(proxy|original)$/;
const PATIENCE_MS = 60_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(self.clients.claim())); // a page that was loaded past us asks for us

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (origin === self.location.origin && VERIFIED.test(pathname)) event.respondWith(answer(event, pathname));
});

async function answer(event, pathname) {
  const page = await self.clients.get(event.clientId);
  if (!page) return Response.error();
  const { port1, port2 } = new MessageChannel();
  const told = new Promise((resolve) => {
    port1.onmessage = (message) => resolve(message.data);
    setTimeout(resolve, PATIENCE_MS, null);
  });
  page.postMessage({ pathname, range: event.request.headers.get("range") }, [port2]);
  const given = await told;
  port1.close();
  return given ? new Response(given.bytes, { status: given.status, headers: given.headers }) : Response.error();
}
