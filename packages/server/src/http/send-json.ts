// Writes one whole answer.

import type { ServerResponse } from "node:http";

/** `body` is a value to encode, or JSON as text or bytes. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = "application/json",
): void {
  const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** `body` is JSON text already, of a good answer. */
export function sendBytes(response: ServerResponse, body: Uint8Array): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}
