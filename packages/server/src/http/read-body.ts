// Reads a request body up to a limit. Parses nothing.

import type { IncomingMessage } from "node:http";
import { AppError } from "@auxot/wire/errors";

/** Throws `too_large` as soon as the size is known to exceed `limitBytes`, `invalid_request` for an encoding we do not take, `cancelled` when the upload breaks off. */
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
  try {
    // The connection must outlive a refusal in the middle: it carries the answer.
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      sizeBytes += part.length;
      if (sizeBytes > limitBytes) throw explainSize(limitBytes);
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("cancelled", "The caller left before the request was complete.", { cause });
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function explainSize(limitBytes: number): AppError {
  return new AppError(
    "too_large",
    `The request body is larger than ${limitBytes} bytes, which is the limit of this router.`,
  );
}
