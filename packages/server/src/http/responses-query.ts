// Reads the query of the paths below /v1/responses/{id}. Pure.

import { AppError } from "@auxot/wire/errors";

export type RetrieveQuery = {
  readonly stream: boolean;
  /** The number of the last event the caller has; -1: none. */
  readonly startingAfter: number;
};

export type ListQuery = {
  readonly limit: number;
  readonly order: "asc" | "desc";
  readonly after?: string;
  readonly before?: string;
};

/** Taken, and nothing comes of it: what a response was made with is in it. */
const includable: ReadonlySet<string> = new Set([
  "file_search_call.results",
  "web_search_call.results",
  "web_search_call.action.sources",
  "message.input_image.image_url",
  "computer_call_output.output.image_url",
  "code_interpreter_call.outputs",
  "reasoning.encrypted_content",
  "message.output_text.logprobs",
]);

const longestList = 100;
const usualList = 20;

/** Throws `invalid_request` that names the parameter. Unknown parameters are not looked at. */
export function readRetrieveQuery(query: URLSearchParams): RetrieveQuery {
  checkInclude(query);
  readFlag(query, "include_obfuscation");
  const stream = readFlag(query, "stream") ?? false;
  const after = query.get("starting_after");
  if (after === null) return { stream, startingAfter: -1 };
  if (!/^\d{1,15}$/.test(after)) fail("starting_after", "an integer of at least 0", after);
  if (!stream) {
    throw new AppError("invalid_request", "starting_after: only with stream=true.", { param: "starting_after" });
  }
  return { stream, startingAfter: Number(after) };
}

/** Throws `invalid_request` that names the parameter. */
export function readListQuery(query: URLSearchParams): ListQuery {
  checkInclude(query);
  const limit = query.get("limit") ?? String(usualList);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > longestList) {
    fail("limit", `an integer from 1 to ${longestList}`, limit);
  }
  const order = query.get("order") ?? "desc";
  if (order !== "asc" && order !== "desc") return fail("order", "asc or desc", order);
  const after = query.get("after");
  const before = query.get("before");
  return {
    limit: Number(limit),
    order,
    ...(after === null ? {} : { after }),
    ...(before === null ? {} : { before }),
  };
}

function checkInclude(query: URLSearchParams): void {
  // The openai package writes brackets, others repeat the plain name.
  for (const value of [...query.getAll("include"), ...query.getAll("include[]")]) {
    for (const name of value.split(",")) {
      if (!includable.has(name)) fail("include", `one of ${[...includable].join(", ")}`, name);
    }
  }
}

function readFlag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return value === "true" || (value === "false" ? false : fail(name, "true or false", value));
}

function fail(param: string, expected: string, got: string): never {
  const message = `${param}: expected ${expected}, got ${JSON.stringify(got.slice(0, 60))}.`;
  throw new AppError("invalid_request", message, { param });
}
