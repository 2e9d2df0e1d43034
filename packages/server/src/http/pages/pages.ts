// The pages people need to sign in, and what those pages load: files that are read once and served as they are.
// They speak to the router as any program does, so that another user interface can take their place.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "../context.ts";
import { setPageHeaders } from "./page-headers.ts";

export type Pages = {
  /** What answers GET at a path; undefined: no page is there. */
  find(pathname: string): ((context: Context) => void) | undefined;
};

type StaticFile = { readonly bytes: Buffer; readonly type: string; readonly etag: string };

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
/** Where the parts are that pages load. */
export const partsPath = "/pages/";

/** Reads all files. Throws when one is missing: nothing of it depends on the configuration. */
export function createPages(): Pages {
  const folder = path.join(import.meta.dirname, "browser");
  const files = new Map<string, StaticFile>();
  for (const name of readdirSync(folder)) {
    const type = types[path.extname(name)];
    if (type === undefined) continue;
    const place = name.endsWith(".html") ? `/${name.slice(0, -".html".length)}` : `${partsPath}${name}`;
    files.set(place, readFile(path.join(folder, name), type));
  }
  // One module without dependencies, as it was published.
  files.set(`${partsPath}uqr.js`, readFile(fileURLToPath(import.meta.resolve("uqr")), types[".js"] ?? ""));

  return {
    find(pathname) {
      if (pathname === "/") return sendToFirstPage;
      const file = files.get(pathname);
      return file === undefined ? undefined : (context) => sendFile(context, file);
    },
  };
}

function readFile(place: string, type: string): StaticFile {
  const bytes = readFileSync(place);
  return { bytes, type, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
}

function sendFile({ request, response }: Context, { bytes, type, etag }: StaticFile): void {
  setPageHeaders(response);
  // Asked for again each time, so that no page of one version runs the scripts of another.
  response.setHeader("cache-control", "no-cache");
  response.setHeader("etag", etag);
  if (request.headers["if-none-match"]?.includes(etag) === true) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { "content-type": type, "content-length": bytes.length });
  response.end(bytes);
}

/** Whether the session still lasts is for the page to find out. */
function sendToFirstPage({ request, response }: Context): void {
  const hasSession = /auxot\.session_token=/.test(request.headers.cookie ?? "");
  setPageHeaders(response);
  response.setHeader("cache-control", "no-store");
  response.writeHead(302, { location: hasSession ? "/account" : "/sign-in" }).end();
}
