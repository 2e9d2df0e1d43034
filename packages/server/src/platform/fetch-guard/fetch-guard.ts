// Fetches a file from an address a caller named, without letting the caller reach what only the router can reach: the
// address is looked up and judged here, and the connection goes to exactly the address that was judged. Knows no formats.

import { isIP } from "node:net";
import { AppError } from "@auxot/wire/errors";
import { Client, type Dispatcher } from "undici";
import { createAllowList, isPublicAddress } from "./addresses.ts";
import { createGate } from "./gate.ts";
import { readLimited } from "./read-limited.ts";
import { resolveHost, type ResolveHost } from "./resolve-host.ts";

export type FetchSettings = {
  readonly enabled: boolean;
  /** Hosts that may be private and use any port: addresses, ranges, names, `*.name`. */
  readonly allow: readonly string[];
  /** Largest file. */
  readonly maxBytes: number;
  /** From the look-up of the name to the last byte, redirects included; not the wait while very many are fetched. */
  readonly timeoutMs: number;
};

export type Fetched = { readonly bytes: Buffer; readonly contentType: string | undefined };

export type FetchGuard = {
  readonly isEnabled: boolean;
  /** The operator listed the host of this address: others on the internet may not reach it. */
  isListed(address: string): boolean;
  /** Throws `invalid_request` with a sentence without its subject ("its host …") and nothing of what a name resolved to; after an abort its reason or `cancelled`. */
  fetch(address: string, accept: string, signal: AbortSignal): Promise<Fetched>;
};

export type FetchGuardDeps = { readonly settings: FetchSettings; readonly resolve?: ResolveHost };

/** Of all callers together: a small request can name many large files, and whole crowds of hosts. */
const fetchesAtOnce = 100;
const maxRedirects = 3;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** What a name resolves to, and whether it exists at all inside the operator's network, is nobody's business. */
const notPublic =
  "no public address was found for its host; others are fetched from only where the operator of this router lists them.";

export function createFetchGuard({ settings, resolve = resolveHost }: FetchGuardDeps): FetchGuard {
  const allowed = createAllowList(settings.allow);
  const gate = createGate(fetchesAtOnce);

  function isListedHost(host: string): boolean {
    return isIP(host) === 0 ? allowed.hasName(host) : allowed.hasAddress(host);
  }

  /** The addresses the connection may go to; at least one. */
  async function findAddresses(url: URL, signal: AbortSignal): Promise<readonly string[]> {
    const host = readHost(url);
    const listed = isListedHost(host);
    if (isIP(host) !== 0) {
      if (!listed && !isPublicAddress(host)) throw refuse(notPublic);
      checkPort(url, listed);
      return [host];
    }
    if (!listed && isLocalName(host)) throw refuse(notPublic);
    const addresses = await resolve(host, listed, signal);
    const strangers = listed ? [] : addresses.filter((one) => !allowed.hasAddress(one));
    // One private address among public ones is a mistake or a trick; either way no reason to connect.
    if (addresses.length === 0 || !strangers.every(isPublicAddress)) throw refuse(notPublic);
    checkPort(url, strangers.length === 0);
    return addresses;
  }

  async function fetchFollowing(address: string, accept: string, signal: AbortSignal): Promise<Fetched> {
    let url = readAddress(address);
    for (let redirects = 0; ; redirects++) {
      const addresses = await explainRedirect(redirects, () => findAddresses(url, signal));
      const next = await fetchOnce({ url, addresses, accept, maxBytes: settings.maxBytes, signal });
      if (!(next instanceof URL)) return next;
      if (redirects === maxRedirects) throw refuse(`it redirects more than ${maxRedirects} times.`);
      url = next;
    }
  }

  async function fetchInTime(address: string, accept: string, signal: AbortSignal): Promise<Fetched> {
    const limit = AbortSignal.timeout(settings.timeoutMs);
    try {
      return await fetchFollowing(address, accept, AbortSignal.any([signal, limit]));
    } catch (cause) {
      if (limit.aborted) throw refuse(`fetching it took longer than ${settings.timeoutMs / 1000} s.`);
      if (cause instanceof AppError) throw cause;
      throw refuse("its host did not answer, or broke off in the middle.", cause);
    }
  }

  return {
    isEnabled: settings.enabled,
    isListed(address) {
      const url = URL.parse(address);
      return url !== null && isListedHost(readHost(url));
    },
    async fetch(address, accept, signal) {
      try {
        return await gate.pass(() => fetchInTime(address, accept, signal), signal);
      } catch (error) {
        throw signal.aborted ? explainAbort(signal.reason) : error;
      }
    },
  };
}

/** Throws for anything but a plain http(s) address. */
function readAddress(address: string, base?: URL): URL {
  const url = URL.parse(address, base?.href);
  if (url === null) throw refuse("it is not a valid URL.");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refuse("only addresses that begin with https:// or http:// are fetched.");
  if (url.username !== "" || url.password !== "")
    throw refuse("addresses with a user name or password in them are not fetched.");
  return url;
}

/** In small letters, without brackets or the root's dot. Odd notations of IPv4 (0x7f.1, 2130706433) were undone by URL. */
function readHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

/** Names that never are on the internet (RFC 6761 and its kin): they are not even looked up. */
function isLocalName(host: string): boolean {
  return !host.includes(".") || /\.(localhost|local|internal|home\.arpa|test|invalid|onion)$/.test(host);
}

/** Other ports of the internet carry services that were never meant for this. */
function checkPort(url: URL, listed: boolean): void {
  if (listed || url.port === "" || url.port === "80" || url.port === "443") return;
  throw refuse("only the ports 80 and 443 are fetched from.");
}

async function explainRedirect<T>(redirects: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (redirects === 0 || !(error instanceof AppError)) throw error;
    throw refuse(`it redirects to an address that is not fetched: ${error.message}`);
  }
}

type Hop = {
  readonly url: URL;
  readonly addresses: readonly string[];
  readonly accept: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

/** The file, or where it moved. */
async function fetchOnce({ url, addresses, accept, maxBytes, signal }: Hop): Promise<Fetched | URL> {
  const pinned = addresses.map((address) => ({ address, family: isIP(address) }));
  const client = new Client(url.origin, {
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    autoSelectFamily: true,
    connect: {
      // Whoever asks for the name again, the answer is the one that was judged.
      lookup: (_host, options, done) => {
        if (options.all) done(null, pinned);
        else done(null, pinned[0]?.address ?? "", pinned[0]?.family);
      },
    },
  });
  try {
    const response = await client.request({
      method: "GET",
      path: url.pathname + url.search,
      headers: { accept, "accept-encoding": "identity", "user-agent": "auxot" },
      signal,
    });
    return await readResponse(response, url, maxBytes);
  } finally {
    // Also hangs up on a body that is not wanted.
    client.destroy().catch(() => undefined);
  }
}

async function readResponse(response: Dispatcher.ResponseData, url: URL, maxBytes: number): Promise<Fetched | URL> {
  const { statusCode, headers, body } = response;
  body.on("error", () => undefined);
  const { location } = headers;
  if (redirectStatuses.has(statusCode) && typeof location === "string")
    return explainRedirect(1, async () => readAddress(location, url));
  if (statusCode !== 200) throw refuse(`its host answered with status ${statusCode}.`);
  const type = headers["content-type"];
  return {
    bytes: await readLimited(body, headers, maxBytes),
    contentType: typeof type === "string" ? type : undefined,
  };
}

function explainAbort(reason: unknown): AppError {
  return reason instanceof AppError ? reason : new AppError("cancelled", "The answer is not needed any more.");
}

function refuse(reason: string, cause?: unknown): AppError {
  return new AppError("invalid_request", reason, { cause });
}
