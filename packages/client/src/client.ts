// The typed way to a router's administrative API, made from the declarations in @auxot/wire/operations. Runs in Node and
// in browsers. Keeps no state and retries nothing.

import { AppError } from "@auxot/wire/errors";
import { isWrite, previewSchema, type Operation, type Preview } from "@auxot/wire/operations/define-operation";
import { hasBody } from "@auxot/wire/operations/describe";
import type { Page } from "@auxot/wire/operations/page";
import { explainUnreachable } from "./connect-error.ts";
import { readProblem } from "./problem.ts";

export type ClientOptions = {
  /** Where people reach the router, e.g. `http://127.0.0.1:8080`; a path is kept. */
  readonly url: string;
  /** Absent: requests are sent without a credential. */
  readonly key?: string;
  readonly fetch?: typeof globalThis.fetch;
  /** What the requests are made by, for the audit trail; absent: a program. */
  readonly face?: "cli" | "ui";
};

export type CallOptions = {
  readonly signal?: AbortSignal;
  /** For a write, 1 to 255 visible characters: with the same one it is done once in 24 h, and repeated gets the first answer. */
  readonly idempotencyKey?: string;
};

export type Client = {
  /**
   * Does one operation. Throws AppError: the router's own (`conflict` when the version sent is no more the current one),
   * or `invalid_request` when the input lacks a part of the path, `source_failed` when no router answers or the answer is
   * not one of ours.
   */
  call<Input, Output, Sent>(
    operation: Operation<Input, Output, Sent>,
    input: Sent,
    options?: CallOptions,
  ): Promise<Output>;
  /** What a write would change; nothing is changed. Throws as `call` does, and `invalid_request` for what only reads. */
  preview<Input, Output, Sent>(
    operation: Operation<Input, Output, Sent>,
    input: Sent,
    options?: Pick<CallOptions, "signal">,
  ): Promise<Preview>;
  /** Everything a list holds, in its order, from `input.cursor` on; asks for the next page when it is needed. */
  listAll<Input, Item, Sent>(
    operation: Operation<Input, Page<Item>, Sent>,
    input: Sent,
    options?: Pick<CallOptions, "signal">,
  ): AsyncGenerator<Item, void, undefined>;
};

/** Throws `invalid_request` when `url` is none. */
export function createClient({ url, key, face, fetch = globalThis.fetch }: ClientOptions): Client {
  const baseUrl = readBaseUrl(url);

  async function send(
    operation: Operation,
    input: unknown,
    options: CallOptions & { readonly dryRun?: true },
  ): Promise<Answer> {
    const { path, body } = buildRequest(operation, input as Readonly<Record<string, unknown>>, options.dryRun === true);
    let response: Response;
    let text: string;
    try {
      response = await fetch(baseUrl + path, {
        method: operation.method,
        headers: {
          accept: "application/json",
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(face === undefined ? {} : { "x-auxot-face": face }),
          ...(options.idempotencyKey === undefined ? {} : { "idempotency-key": options.idempotencyKey }),
        },
        ...(body === undefined ? {} : { body }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      text = await response.text();
    } catch (cause) {
      if (options.signal?.aborted === true) throw cause;
      throw new AppError("source_failed", explainUnreachable(baseUrl, cause), { cause });
    }
    if (!response.ok) throw readProblem(response, text);
    return { url: response.url, text, name: operation.name };
  }

  const call: Client["call"] = async (operation, input, options = {}) =>
    readAnswer(operation.output, await send(operation as Operation, input, options));

  return {
    call,
    async preview(operation, input, options = {}) {
      if (!isWrite(operation)) {
        throw new AppError("invalid_request", `${operation.name} only reads: there is nothing to preview.`);
      }
      return readAnswer(previewSchema, await send(operation as Operation, input, { ...options, dryRun: true }));
    },
    async *listAll<Input, Item, Sent>(
      operation: Operation<Input, Page<Item>, Sent>,
      input: Sent,
      options: Pick<CallOptions, "signal"> = {},
    ) {
      let cursor: string | null = null;
      do {
        const page: Page<Item> = await call(operation, cursor === null ? input : { ...input, cursor }, options);
        yield* page.items;
        cursor = page.nextCursor;
      } while (cursor !== null);
    },
  };
}

type Answer = { readonly url: string; readonly text: string; /** The operation's. */ readonly name: string };

/** Without a trailing slash. */
function readBaseUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new AppError("invalid_request", `"${url}" is not the address of a router, such as http://127.0.0.1:8080.`);
  }
  return url.replace(/\/+$/, "");
}

function buildRequest(
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
  dryRun: boolean,
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
  const query = new URLSearchParams();
  if (dryRun) query.append("dryRun", "true");
  const body = hasBody(operation) ? JSON.stringify(Object.fromEntries(rest)) : undefined;
  for (const [field, value] of body === undefined ? rest : []) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(field, String(one));
  }
  return {
    path: query.size === 0 ? path : `${path}?${query}`,
    ...(body === undefined ? {} : { body }),
  };
}

function readAnswer<Output>(schema: Operation<unknown, Output>["output"], { url, text, name }: Answer): Output {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError("source_failed", `${url} answered, but not with JSON. Is it an Auxot router?`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    "source_failed",
    `The router's answer to ${name} has another shape than this client knows ` +
      `(${issue?.path.join(".") || "it"}: ${issue?.message}). Are both of the same version?`,
    { cause: parsed.error },
  );
}
