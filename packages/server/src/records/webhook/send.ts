// One POST to the webhook, and what became of it. Keeps nothing and tries nothing again.

import type { Clock } from "../../platform/clock.ts";
import type { Secret } from "../../platform/secret-text.ts";
import { signWebhook } from "./signature.ts";

export type WebhookSettings = { readonly url: string; readonly secret: Secret };

/** `isTaken`: the status was 200 to 299. `isAway`: another event would not be taken either. `problem` ends without a full stop. */
export type WebhookAnswer = {
  readonly isTaken: boolean;
  readonly isAway: boolean;
  /** null: there was no answer. */
  readonly status: number | null;
  /** The beginning of what was answered. */
  readonly text: string;
  readonly problem: string;
};

/** `body` is sent byte by byte. Rejects only after an abort of `signal`. */
export type SendToWebhook = (id: string, body: string, signal: AbortSignal) => Promise<WebhookAnswer>;

/** Also until the end of the answer. Shorter than a claim. */
export const longestSendMs = 15_000;
const longestText = 300;
/** Not of the event: the receiver has no time, or is not there. */
const awayStatuses = new Set([408, 425, 429]);

export function createSendToWebhook({ url, secret }: WebhookSettings, clock: Clock): SendToWebhook {
  return async (id, body, signal) => {
    const headers = signWebhook(secret, id, Math.floor(clock.now() / 1000), body);
    const timeout = AbortSignal.timeout(longestSendMs);
    try {
      const response = await fetch(url, {
        method: "POST",
        // Whoever may redirect is not who was configured.
        redirect: "manual",
        headers: { ...headers, "content-type": "application/json", "user-agent": "Auxot" },
        body,
        signal: AbortSignal.any([signal, timeout]),
      });
      const { status, ok: isTaken } = response;
      const isAway = status >= 500 || awayStatuses.has(status);
      const text = await readBeginning(response);
      return { isTaken, isAway, status, text, problem: isTaken ? "" : `it answered ${status}` };
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = timeout.aborted ? `it did not answer within ${longestSendMs / 1000} s` : explain(error);
      return { isTaken: false, isAway: true, status: null, text: "", problem };
    }
  };
}

/** Whatever the length of the answer, no more of it is read. A status that came counts also when the rest does not. */
async function readBeginning({ body }: Response): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length >= longestText) break;
    }
  } catch {
    // Said by the status already.
  }
  return text.slice(0, longestText).replaceAll(/\s+/g, " ").trim();
}

/** `fetch failed` says nothing: what is behind it does. */
function explain(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return cause.message || code || cause.name;
}
