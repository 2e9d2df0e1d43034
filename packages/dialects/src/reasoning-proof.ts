// Where the vendors' proofs of reasoning meet in our `signature`: a Responses item's id and encrypted content as one
// text, and, the other way, another vendor's signature inside an encrypted content.

/** Marks what is not OpenAI's in `encrypted_content`, so that it is known when it comes back. */
const signatureMark = "auxot-signature:";
const redactedMark = "auxot-redacted:";

export type ReasoningProof = { readonly signature?: string; readonly redacted?: string };

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
  if (encrypted.startsWith(signatureMark)) return { signature: encrypted.slice(signatureMark.length) };
  if (encrypted.startsWith(redactedMark)) return { redacted: encrypted.slice(redactedMark.length) };
  return { signature: `${typeof id === "string" ? id.replaceAll(":", "_") : ""}:${encrypted}` };
}

/** Our words -> what we put in `encrypted_content` for a client to send back; undefined when nobody proved anything. */
export function writeEncryptedContent({ signature, redacted }: ReasoningProof): string | undefined {
  if (redacted !== undefined) return `${redactedMark}${redacted}`;
  return signature === undefined ? undefined : `${signatureMark}${signature}`;
}
