// What proves reasoning to the vendor that made it: its signature, or a Responses item's id and encrypted content as one
// text. Towards callers the router seals it into a token of its own; towards the maker it is opened again.

/** Begins a reasoning token: what the router writes where vendors write their proof. No vendor's begins like this. */
export const reasoningTokenPrefix = "axr1_";

export type ReasoningProof = { readonly signature?: string; readonly redacted?: string };

/** What may go to an upstream in the place of a signature it is shown; undefined: the reasoning is not the upstream's own and must not be sent. */
export type OpenProof = (signature: string) => ReasoningProof | undefined;

/** OpenAI's proof: id and content, the id without ":". Other vendors' signatures are base64 and hold no ":". */
const responsesSignature = /^([^:]*):([\s\S]+)$/;

/** The id and encrypted content a Responses upstream gave; undefined for a signature of any other vendor. */
export function splitResponsesSignature(
  signature: string,
): { readonly id: string; readonly encrypted: string } | undefined {
  const match = responsesSignature.exec(signature);
  return match === null ? undefined : { id: match[1] ?? "", encrypted: match[2] ?? "" };
}

/** What stands in a reasoning item's `encrypted_content` -> our words. */
export function readEncryptedContent(id: unknown, encrypted: unknown): ReasoningProof {
  if (typeof encrypted !== "string" || encrypted === "") return {};
  if (encrypted.startsWith(reasoningTokenPrefix)) return { signature: encrypted };
  return { signature: `${typeof id === "string" ? id.replaceAll(":", "_") : ""}:${encrypted}` };
}
