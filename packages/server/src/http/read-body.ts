// Reads a request body up to a limit, gzip undone. Parses nothing.

import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AppError } from "@auxot/wire/errors";

const unzip = promisify(gunzip);

/** Throws `too_large` as soon as the size, gzip undone, is known to exceed `limitBytes`, `invalid_request` for an encoding we do not take, `cancelled` when the upload breaks off. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() || "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    throw explainEncoding(`"${encoding}" is not supported. Send the body uncompressed or with gzip.`);
  }
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw explainSize(limitBytes);
  const bytes = await readBytes(request, limitBytes);
  return encoding === "gzip" ? decompress(bytes, limitBytes) : bytes;
}

async function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
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

/** A small body can unfold to any size, so the limit counts for what comes out. */
async function decompress(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return await unzip(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE")
      throw explainSize(limitBytes);
    throw explainEncoding("the body is not valid gzip.", cause);
  }
}

function explainEncoding(problem: string, cause?: unknown): AppError {
  return new AppError("invalid_request", `content-encoding: ${problem}`, { param: "content-encoding", cause });
}

function explainSize(limitBytes: number): AppError {
  return new AppError(
    "too_large",
    `The request body is larger than ${limitBytes} bytes, which is the limit of this router.`,
  );
}
