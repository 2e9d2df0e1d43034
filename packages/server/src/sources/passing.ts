// Whether a request passes to a provider: its bytes as the caller wrote them.

import type { ChatRequest, FormatName, RequestOriginal } from "@auxot/wire/chat";

/** The caller's own bytes, where the provider is spoken to in their format and knows everything they name. */
export function findPassed(
  { original }: ChatRequest,
  target: { readonly dialect?: FormatName | undefined; readonly provider: string },
): RequestOriginal | undefined {
  if (original === undefined || original.dialect !== target.dialect) return undefined;
  return original.passesTo?.includes(target.provider) === false ? undefined : original;
}
