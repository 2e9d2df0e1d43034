// Looks up what a Responses request names: the responses before it and single items. Decides where the caller's bytes may
// still pass and who should go on.

import type { History } from "@auxot/dialects/openai-responses/parse-items";
import type { RequestDraft } from "@auxot/dialects/openai-responses/request-draft";
import { AppError } from "@auxot/wire/errors";
import type { Pin } from "../inference/plan.ts";
import type { Responses } from "../records/responses/responses.ts";
import type { FoundResponse } from "../records/responses/store.ts";

type Item = Readonly<Record<string, unknown>>;

export type Restored = {
  readonly history: History;
  /** Providers whose upstream holds everything the request names. Absent: it names nothing. */
  readonly passesTo?: readonly string[];
  /** Who answered last. */
  readonly pin?: Pin;
};

/** Throws `previous_response_not_found`, `invalid_request` for a response that still runs, `no_capacity` without the database. Unknown items are left out. */
export async function restoreHistory(
  responses: Responses,
  { previousResponseId, itemIds }: RequestDraft,
  keyId: string,
): Promise<Restored> {
  const chain = previousResponseId === undefined ? [] : await responses.getChain(keyId, previousResponseId);
  const owners = itemIds.length === 0 ? [] : await responses.findOwners(keyId, itemIds);
  const previous = chain.at(-1);
  if (previous?.status === "queued" || previous?.status === "in_progress") {
    throw new AppError(
      "invalid_request",
      `previous_response_id: the response '${previous.id}' is still ${previous.status}; wait for its end.`,
      { param: "previous_response_id" },
    );
  }
  const wanted = new Set(itemIds);
  const items = owners.flatMap(listItems).flatMap((item): [string, Item][] => {
    const { id } = item;
    return typeof id === "string" && wanted.has(id) ? [[id, item]] : [];
  });
  const history = { previous: chain.flatMap(listItems), items: new Map(items) };
  const named = previous === undefined ? owners : [previous, ...owners];
  if (named.length === 0) return { history };
  return { history, passesTo: findHolder(named), ...readPin(previous ?? owners.at(-1)) };
}

/** Input and output items of a response, as they stood in the conversation. */
export function listItems({ input, response }: Pick<FoundResponse, "input" | "response">): Item[] {
  const { output } = JSON.parse(response) as { readonly output?: unknown };
  return [...(JSON.parse(input) as Item[]), ...(Array.isArray(output) ? (output as Item[]) : [])];
}

/** The one provider that holds them all. */
function findHolder(named: readonly FoundResponse[]): string[] {
  const holders = new Set(named.map(({ heldUpstream, provider }) => (heldUpstream ? provider : undefined)));
  const [holder] = holders;
  return holders.size === 1 && holder !== undefined ? [holder] : [];
}

function readPin(last: FoundResponse | undefined): { readonly pin?: Pin } {
  const { provider, model } = last ?? {};
  return provider === undefined || model === undefined ? {} : { pin: { provider, model } };
}
