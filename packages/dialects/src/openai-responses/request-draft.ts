// What of a Responses request names something stored, and the request made whole once that was looked up. Looks nothing
// up itself.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { isRecord, parseJsonBody } from "../reading/json.ts";
import {
  isAbsent,
  optional,
  readOptionalBoolean,
  readOptionalString,
  readRecord,
  type Fields,
} from "../reading/read-fields.ts";
import { readItemType, type History } from "./parse-items.ts";
import { parseFields } from "./parse-request.ts";

/** A request as it came, with what it says of the store. */
export type RequestDraft = {
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** True unless refused: https://platform.openai.com/docs/api-reference/responses/create */
  readonly store: boolean;
  readonly background: boolean;
  readonly previousResponseId?: string;
  /** Ids of the stored items it names, each once. */
  readonly itemIds: readonly string[];
};

/** What the router did with a draft. */
export type Lookup = {
  readonly history: History;
  readonly stores: boolean;
  /** Providers whose upstream holds everything the request names. Absent: the request names nothing. */
  readonly passesTo?: readonly string[];
};

/** Throws `invalid_request` for a body that is no JSON object, and for fields about the store that contradict each other. */
export function readDraft(body: Uint8Array): RequestDraft {
  const fields = readRecord(parseJsonBody(body), "");
  const store = readOptionalBoolean(fields["store"], "store") ?? true;
  const background = readOptionalBoolean(fields["background"], "background") ?? false;
  const previousResponseId = readOptionalString(fields["previous_response_id"], "previous_response_id");
  if (previousResponseId !== undefined && !isAbsent(fields["conversation"])) {
    throw refusal("previous_response_id", "cannot be used together with conversation; send one of them.");
  }
  if (background && !store) {
    throw refusal("background", "an answer in the background has to be stored; leave store out or set it to true.");
  }
  return {
    fields,
    body,
    store,
    background,
    ...optional("previousResponseId", previousResponseId),
    itemIds: listReferences(fields["input"]),
  };
}

/** The request with its history. Throws like `parseRequest`, and `not_found` for an item that is not in the history. */
export function completeRequest(draft: RequestDraft, { history, stores, passesTo }: Lookup): ChatRequest {
  const request = parseFields(draft.fields, draft.body, history);
  if (request.original === undefined) return request;
  const { background, previousResponseId } = draft;
  const echo = {
    ...request.original.echo,
    store: stores,
    background,
    previous_response_id: previousResponseId ?? null,
  };
  return { ...request, original: { ...request.original, echo, ...optional("passesTo", passesTo) } };
}

/** Malformed entries name nothing: reading the input complains of them. */
function listReferences(input: unknown): string[] {
  if (!Array.isArray(input)) return [];
  const ids = input.flatMap((entry: unknown) => {
    if (!isRecord(entry) || typeof entry["id"] !== "string") return [];
    const isTyped = isAbsent(entry["type"]) || typeof entry["type"] === "string";
    return isTyped && readItemType(entry, "input") === "item_reference" ? [entry["id"]] : [];
  });
  return [...new Set(ids)];
}

function refusal(param: string, what: string): AppError {
  return new AppError("invalid_request", `${param}: ${what}`, { param });
}
