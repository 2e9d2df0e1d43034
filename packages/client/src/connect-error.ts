// Says in a sentence why nothing came back from an address. Node tells the reason in `cause.code`, browsers tell none.

const reasons: Readonly<Record<string, (url: string) => string>> = {
  ECONNREFUSED: (url) => `No Auxot router answers at ${url}: is it running?`,
  ENOTFOUND: (url) => `The host of ${url} is not known: is the address right?`,
  EAI_AGAIN: (url) => `The host of ${url} cannot be looked up now: is there a network?`,
  ECONNRESET: (url) => `The connection to ${url} was cut before the answer was complete.`,
  UND_ERR_SOCKET: (url) => `The connection to ${url} was cut before the answer was complete.`,
  UND_ERR_CONNECT_TIMEOUT: (url) => `${url} does not answer: is a firewall in between?`,
  ETIMEDOUT: (url) => `${url} does not answer: is a firewall in between?`,
  EPROTO: (url) => `${url} does not speak TLS: is it http:// instead of https://?`,
  ERR_SSL_WRONG_VERSION_NUMBER: (url) => `${url} does not speak TLS: is it http:// instead of https://?`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: (url) => `${url} does not speak TLS: is it http:// instead of https://?`,
};

/** `error` is what `fetch`, or reading its body, threw. */
export function explainUnreachable(url: string, error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `${url} did not answer in time.`;
  const code = findCode(error);
  if (code === undefined) return `${url} cannot be reached: is the router running?`;
  return reasons[code]?.(url) ?? `${url} cannot be reached (${code}).`;
}

function findCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === "string" ? code : findCode(cause);
}
