/** A binary answer. */
export function octets(bytes: Uint8Array, status = 200): Response {
  return new Response(Uint8Array.from(bytes), { status, headers: { "content-type": "application/octet-stream" } });
}
