// Asks an identity provider over HTTP, in a bounded time and size, never inside the operator's network unless the
// provider's settings say so. Knows neither OpenID nor SAML.

import { isIP } from "node:net";
import { AppError } from "@auxot/wire/errors";
import { Agent, request } from "undici";
import { isPublicAddress } from "../../../platform/fetch-guard/addresses.ts";
import { readLimited } from "../../../platform/fetch-guard/read-limited.ts";
import { resolveHost } from "../../../platform/fetch-guard/resolve-host.ts";

export type AskOptions = {
  readonly allowPrivate: boolean;
  /** Sent as a form, by POST. */
  readonly form?: URLSearchParams;
  readonly authorization?: string;
};

/** `body` undefined: it was no JSON object. */
export type ProviderAnswer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | undefined;
};

export type AskProvider = (address: string, options: AskOptions) => Promise<ProviderAnswer>;

export type AskForText = (
  address: string,
  options: Pick<AskOptions, "allowPrivate">,
) => Promise<{ readonly status: number; readonly text: string }>;

const timeoutMs = 10_000;
const maxBytes = 1024 * 1024;

/** Throws `source_failed` with a sentence on why it could not be asked. */
export const askProvider: AskProvider = async (address, options) => {
  const { status, bytes } = await ask(address, options, "application/json");
  return { status, body: readObject(bytes) };
};

/** Throws `source_failed` as well. */
export const askForText: AskForText = async (address, options) => {
  const { status, bytes } = await ask(address, options, "application/samlmetadata+xml, application/xml, text/xml");
  return { status, text: bytes.toString("utf8") };
};

async function ask(
  address: string,
  options: AskOptions,
  accept: string,
): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  const url = URL.parse(address);
  if (url === null || !(url.protocol === "https:" || (options.allowPrivate && url.protocol === "http:"))) {
    throw explain(address, "its address must begin with https://; plain HTTP is for providers with allowPrivate");
  }
  const signal = AbortSignal.timeout(timeoutMs);
  const agent = new Agent({ connect: await pinAddress(url, options.allowPrivate, signal) });
  try {
    const response = await request(url, {
      dispatcher: agent,
      method: options.form === undefined ? "GET" : "POST",
      headers: {
        accept,
        "accept-encoding": "identity",
        "user-agent": "auxot",
        ...(options.form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        ...(options.authorization === undefined ? {} : { authorization: options.authorization }),
      },
      ...(options.form === undefined ? {} : { body: options.form.toString() }),
      signal,
    });
    const bytes = await readLimited(response.body, response.headers, maxBytes);
    return { status: response.statusCode, bytes };
  } catch (cause) {
    if (cause instanceof AppError && cause.code === "source_failed") throw cause;
    const reason = signal.aborted
      ? `it did not answer within ${timeoutMs / 1000} s`
      : cause instanceof Error
        ? cause.message
        : String(cause);
    throw explain(url.host, reason, cause);
  } finally {
    agent.destroy().catch(() => undefined);
  }
}

/** The connection goes to exactly the addresses that were judged. */
async function pinAddress(url: URL, allowPrivate: boolean, signal: AbortSignal) {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0 ? await resolveHost(host, true, signal) : [host];
  if (addresses.length === 0) throw explain(url.host, "its name was not found");
  if (!allowPrivate && !addresses.every(isPublicAddress)) {
    throw explain(url.host, "it is in a private network; say so with allowPrivate when that is right");
  }
  const pinned = addresses.map((address) => ({ address, family: isIP(address) }));
  return {
    lookup(_host: string, options: { all?: boolean | undefined }, done: (...given: never[]) => void): void {
      const give = done as unknown as (error: null, found: unknown, family?: number) => void;
      if (options.all === true) give(null, pinned);
      else give(null, pinned[0]?.address ?? "", pinned[0]?.family);
    },
  };
}

function readObject(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function explain(host: string, reason: string, cause?: unknown): AppError {
  return new AppError("source_failed", `The identity provider ${host} cannot be asked: ${reason}.`, { cause });
}
