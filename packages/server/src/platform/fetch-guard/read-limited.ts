// Reads a fetched body whole, gzip undone, never more than a limit of it. Knows nothing of addresses.

import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "@auxot/wire/errors";

/** Throws `invalid_request` as soon as the size, gzip undone, is known to exceed `maxBytes`. */
export async function readLimited(
  body: Readable,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  maxBytes: number,
): Promise<Buffer> {
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw explainSize(maxBytes);
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of unfold(body, String(headers["content-encoding"] ?? "identity"))) {
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) throw explainSize(maxBytes);
    parts.push(part);
  }
  if (sizeBytes === 0) throw new AppError("invalid_request", "it is empty.");
  return Buffer.concat(parts);
}

/** Hosts are asked for plain bytes; some send gzip all the same. */
function unfold(body: Readable, encoding: string): AsyncIterable<Buffer> {
  switch (encoding.trim().toLowerCase()) {
    case "identity":
    case "":
      return body;
    case "gzip":
    case "x-gzip": {
      const gunzip = createGunzip();
      // The reader sees the errors of both.
      pipeline(body, gunzip, () => undefined);
      return gunzip;
    }
    default:
      throw new AppError("invalid_request", "its host sends it in an encoding that is not supported; gzip or none is.");
  }
}

function explainSize(maxBytes: number): AppError {
  return new AppError("invalid_request", `it is larger than ${maxBytes} bytes.`);
}
