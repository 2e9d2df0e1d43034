// The typed way to a router's administrative API, made from the declarations in @auxot/wire/operations. Runs in Node and
// in browsers. Keeps no state and retries nothing.

import { AppError } from "@auxot/wire/errors";
import type { Operation } from "@auxot/wire/operations/define-operation";
import { explainUnreachable } from "./connect-error.ts";
import { readProblem } from "./problem.ts";

export type ClientOptions = {
  /** Where people reach the router, e.g. `http://127.0.0.1:8080`; a path is kept. */
  readonly url: string;
  /** Absent: requests are sent without a credential. */
  readonly key?: string;
  readonly fetch?: typeof globalThis.fetch;
};

export type CallOptions = { readonly signal?: AbortSignal };

export type Client = {
  /**
   * Does one operation. Throws AppError: the router's own, or `invalid_request` when the input lacks a part of the path,
   * `source_failed` when no router answers or the answer is not one of ours.
   */
  call<Input, Output, Sent>(
    operation: Operation<Input, Output, Sent>,
    input: Sent,
    options?: CallOptions,
  ): Promise<Output>;
};

/** Throws `invalid_request` when `url` is none. */
export function createClient({ url, key, fetch = globalThis.fetch }: ClientOptions): Client {
  const baseUrl = readBaseUrl(url);

  return {
    async call(operation, input, options = {}) {
      const { path, body } = buildRequest(operation, input as Readonly<Record<string, unknown>>);
      let response: Response;
      let text: string;
      try {
        response = await fetch(baseUrl + path, {
          method: operation.method,
          headers: {
            accept: "application/json",
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body }),
          ...options,
        });
        text = await response.text();
      } catch (cause) {
        if (options.signal?.aborted === true) throw cause;
        throw new AppError("source_failed", explainUnreachable(baseUrl, cause), { cause });
      }
      if (!response.ok) throw readProblem(response, text);
      return readOutput(operation, response, text);
    },
  };
}

/** Without a trailing slash. */
function readBaseUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new AppError("invalid_request", `"${url}" is not the address of a router, such as http://127.0.0.1:8080.`);
  }
  return url.replace(/\/+$/, "");
}

function buildRequest<Input, Output, Sent>(
  operation: Operation<Input, Output, Sent>,
  input: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly body?: string } {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = operation.path.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = rest.get(field);
    rest.delete(field);
    if ((typeof value !== "string" && typeof value !== "number") || value === "") {
      throw new AppError("invalid_request", `${operation.name} needs "${field}".`, { param: field });
    }
    return encodeURIComponent(value);
  });
  if (operation.method === "POST" || operation.method === "PATCH") {
    return { path, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = new URLSearchParams();
  for (const [field, value] of rest) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(field, String(one));
  }
  return { path: query.size === 0 ? path : `${path}?${query}` };
}

function readOutput<Input, Output, Sent>(
  operation: Operation<Input, Output, Sent>,
  response: Response,
  text: string,
): Output {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError("source_failed", `${response.url} answered, but not with JSON. Is it an Auxot router?`, {
      cause,
    });
  }
  const parsed = operation.output.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    "source_failed",
    `The router's answer to ${operation.name} has another shape than this client knows ` +
      `(${issue?.path.join(".") || "it"}: ${issue?.message}). Are both of the same version?`,
    { cause: parsed.error },
  );
}
