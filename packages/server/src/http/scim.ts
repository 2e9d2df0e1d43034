// The edge of /scim/v2: reads the request, writes answers and errors as SCIM wants them (RFC 7644 §3.12).

import { AppError, errorCodes, toErrorBody } from "@auxot/wire/errors";
import { schemaNames, ScimError } from "../records/identity/scim/words.ts";
import type { Scim } from "../records/identity/scim/scim.ts";
import { readPresentedKeys, type Context } from "./context.ts";
import { readObject } from "./read-object.ts";
import { decodePathPart } from "./route-path.ts";

const scimPath = "/scim/v2";

export function isScimPath(pathname: string): boolean {
  return pathname === scimPath || pathname.startsWith(`${scimPath}/`);
}

/** Answers errors itself: directories read no other form. */
export async function handleScim(scim: Scim, method: string, context: Context): Promise<void> {
  const { request, url, id, log } = context;
  try {
    const hasBody = method === "POST" || method === "PUT" || method === "PATCH";
    const { status, body, location } = await scim.handle({
      method,
      path: url.pathname.slice(scimPath.length).replace(/\/$/, "").split("/").map(decodePathPart).join("/"),
      query: url.searchParams,
      body: hasBody ? await readObject(request) : {},
      token: readPresentedKeys(request)[0],
      origin: {
        face: "scim",
        requestId: id,
        ip: context.address,
        userAgent: request.headers["user-agent"]?.slice(0, 500) ?? null,
      },
    });
    if (location !== undefined) context.response.setHeader("location", location);
    send(context, status, body);
  } catch (error) {
    const { code, message, retryAfterMs } = toErrorBody(error);
    const { status } = errorCodes[code];
    if (!(error instanceof AppError) || status >= 500) log.error({ err: error }, "a SCIM request failed");
    if (status === 401) context.response.setHeader("www-authenticate", "Bearer");
    if (retryAfterMs !== undefined) context.response.setHeader("retry-after", Math.ceil(retryAfterMs / 1000));
    send(context, status, {
      schemas: [schemaNames.error],
      status: String(status),
      ...(error instanceof ScimError ? { scimType: error.scimType } : {}),
      detail: message,
    });
  }
}

function send({ response }: Context, status: number, body: object | undefined): void {
  if (body === undefined) {
    response.writeHead(status);
    response.end();
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/scim+json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(text);
}
