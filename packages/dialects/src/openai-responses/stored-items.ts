// The input of a Responses request as it is kept and listed: every item whole, with an id and in its long form.

import { isRecord } from "../reading/json.ts";
import { isAbsent, type Fields } from "../reading/read-fields.ts";
import { readItemType, type History } from "./parse-items.ts";
import type { RequestDraft } from "./request-draft.ts";

export type KeptInput = {
  readonly items: readonly Fields[];
  /** Ids of the items that are the request's own: not those it only named. */
  readonly ownIds: readonly string[];
};

/** Ids as OpenAI's begin, by the type of the item. */
const prefixes: Readonly<Record<string, string>> = {
  message: "msg_",
  reasoning: "rs_",
  function_call: "fc_",
  function_call_output: "fco_",
  custom_tool_call: "ctc_",
  custom_tool_call_output: "ctco_",
};

/** For a draft that `completeRequest` took: its input is well formed. `takeId` makes an id of a prefix. */
export function buildKeptInput(
  { fields }: RequestDraft,
  { items: known }: History,
  takeId: (prefix: string) => string,
): KeptInput {
  const { input } = fields;
  const entries: readonly unknown[] = typeof input === "string" ? [{ role: "user", content: input }] : asList(input);
  const ownIds: string[] = [];
  const items = entries.filter(isRecord).map((entry) => {
    const type = readItemType(entry, "input");
    const found = type === "item_reference" ? known.get(String(entry["id"])) : undefined;
    if (found !== undefined) return found;
    const { id: given, ...rest } = entry;
    const id = typeof given === "string" && given !== "" ? given : takeId(prefixes[type] ?? "item_");
    ownIds.push(id);
    return type === "message" ? buildMessage(id, rest) : { id, ...rest, type, status: rest["status"] ?? "completed" };
  });
  return { items, ownIds };
}

/** Text alone becomes a part, as OpenAI lists it. */
function buildMessage(id: string, fields: Fields): Fields {
  const { role, content, status } = fields;
  const text = role === "assistant" ? { type: "output_text", annotations: [], logprobs: [] } : { type: "input_text" };
  return {
    id,
    ...fields,
    type: "message",
    status: status ?? "completed",
    role,
    content: typeof content === "string" ? [{ ...text, text: content }] : content,
  };
}

function asList(value: unknown): readonly unknown[] {
  return isAbsent(value) || !Array.isArray(value) ? [] : value;
}
