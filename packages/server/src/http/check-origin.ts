// Keeps other sites from acting with a person's cookie: requests that change something must come from our own pages.

import type { IncomingMessage } from "node:http";
import { AppError } from "@auxot/wire/errors";

/** Throws `forbidden` when a browser says that the request comes from another site. Programs send no Origin. */
export type CheckOrigin = (request: Pick<IncomingMessage, "headers">) => void;

/** `origins()` as people reach the router. `anyHost`: no address was configured, so the one in use counts too. */
export function createCheckOrigin(origins: () => readonly string[], anyHost: boolean): CheckOrigin {
  return ({ headers }) => {
    const { origin, host } = headers;
    if (origin === undefined) {
      const site = headers["sec-fetch-site"];
      if (site === undefined || site === "same-origin" || site === "none") return;
    } else if (origins().includes(origin) || (anyHost && URL.parse(origin)?.host === host)) return;
    throw new AppError(
      "forbidden",
      `This request comes from ${origin === undefined ? "another site" : `"${origin}"`}, and this router is reached at ${origins()[0]}. ` +
        "If people reach it elsewhere, set AUXOT_BASE_URL.",
    );
  };
}
