// Reads a request body up to a limit. Parses nothing.

import type { IncomingMessage } from "node:http";
import { AppError } from "@auxot/wire/errors";

/** Throws `too_large` as soon as the size is known to exceed `limitBytes`, `invalid_request` for an encoding we do not take. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new AppError(
      "invalid_request",
      `content-encoding: "${encoding}" is not supported. Send the body uncompressed.`,
      {
        param: "content-encoding",
      },
    );
  }
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw explainSize(limitBytes);
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > limitBytes) throw explainSize(limitBytes);
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function explainSize(limitBytes: number): AppError {
  return new AppError(
    "too_large",
    `The request body is larger than ${limitBytes} bytes, which is the limit of this router.`,
  );
}
