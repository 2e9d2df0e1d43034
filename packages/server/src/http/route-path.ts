// Reads a request path: which surface it belongs to and which endpoint it names. Pure.

import type { DialectName } from "@auxot/wire/chat";

/** `dialect` is what errors on this path are written in; undefined: our own administrative API. */
export type RoutePath = {
  readonly dialect: DialectName | undefined;
  /** E.g. `chat/completions`, `messages`, `models/gpt-4o`; for the administrative API the whole path. */
  readonly endpoint: string;
};

const prefixes: readonly (readonly [string, DialectName])[] = [
  ["/api/openai", "openai-chat"],
  ["/api/anthropic", "anthropic-messages"],
];

/** Below `/api/openai` and `/api/anthropic` the `/v1` may be there, doubled or missing; at the root it must be there. */
export function readRoutePath(pathname: string): RoutePath {
  for (const [prefix, dialect] of prefixes) {
    if (pathname === prefix || pathname.startsWith(`${prefix}/`)) {
      return { dialect, endpoint: stripVersions(pathname.slice(prefix.length)) };
    }
  }
  if (pathname === "/v1" || pathname.startsWith("/v1/")) {
    const endpoint = stripVersions(pathname);
    return { dialect: endpoint.startsWith("messages") ? "anthropic-messages" : "openai-chat", endpoint };
  }
  return { dialect: undefined, endpoint: pathname };
}

const fixedEndpoints = new Set([
  "chat/completions",
  "completions",
  "embeddings",
  "messages",
  "messages/count_tokens",
  "models",
  "responses",
]);
const ownPaths = new Set(["/api/health", "/api/ready", "/api/hello", "/metrics"]);
const responseEndpoint = /^responses\/[^/]+(\/(?:input_items|cancel))?$/;

/** The pattern a path belongs to, such as `/v1/responses/{id}`: one of few. `patterns` are the operations' own. */
export function nameRoute(pathname: string, patterns: readonly string[]): string {
  const { dialect, endpoint } = readRoutePath(pathname);
  if (dialect !== undefined) {
    if (fixedEndpoints.has(endpoint)) return `/v1/${endpoint}`;
    if (endpoint.startsWith("models/")) return "/v1/models/{id}";
    const below = responseEndpoint.exec(endpoint);
    return below === null ? "other" : `/v1/responses/{id}${below[1] ?? ""}`;
  }
  if (ownPaths.has(pathname)) return pathname;
  const parts = pathname.split("/");
  return patterns.find((pattern) => matchesPattern(pattern.split("/"), parts)) ?? "other";
}

function matchesPattern(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((part, position) => part.startsWith("{") || part === parts[position]);
}

function stripVersions(path: string): string {
  return path.replace(/^(?:\/v1(?=\/|$)){0,2}/, "").replace(/^\/+|\/+$/g, "");
}

/** Undoes percent encoding. Text that is wrongly encoded stays as it is: it names nothing, and that is told. */
export function decodePathPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
