// The edge of /api/auth and /api/setup: reads the request, refuses other sites, writes the answer with its cookies.
// Errors are problem details, as on the rest of the administrative API.

import { AppError } from "@auxot/wire/errors";
import type { IdentityAnswer, IdentityRequest } from "../records/identity/auth-port.ts";
import type { Identity } from "../records/identity/identity.ts";
import type { CheckOrigin } from "./check-origin.ts";
import type { Context } from "./context.ts";
import { sendMessagePage, type Message } from "./pages/message-page.ts";
import { wantsPage } from "./pages/page-headers.ts";
import { readForm } from "./read-form.ts";
import { readObject } from "./read-object.ts";
import { decodePathPart } from "./route-path.ts";

export type IdentityRouteDeps = {
  readonly identity: Identity;
  readonly checkOrigin: CheckOrigin;
};

const authPath = "/api/auth";

/** Where pages of identity providers post a form (SAML): from another site by design, and without our cookies. */
function isPostedByProviders(method: string, pathname: string): boolean {
  return method === "POST" && /^\/api\/auth\/sso\/[^/]+\/acs$/.test(pathname);
}

export function isIdentityPath(pathname: string): boolean {
  return pathname === "/api/setup" || pathname.startsWith(`${authPath}/`);
}

export async function handleIdentity(deps: IdentityRouteDeps, method: string, context: Context): Promise<void> {
  const { url, response } = context;
  const isForm = isPostedByProviders(method, url.pathname);
  if (method !== "GET" && !isForm) deps.checkOrigin(context.request);
  const request = await readRequest(method, context);
  const setCookies = (lines: readonly string[]): void => {
    for (const line of lines) response.appendHeader("set-cookie", line);
  };
  response.setHeader("cache-control", "no-store");
  const answer =
    url.pathname === "/api/setup"
      ? await deps.identity.handleSetup(request)
      : await deps.identity.handle(request, setCookies);
  if (answer === undefined) {
    throw new AppError("not_found", `There is nothing at ${method} ${url.pathname}.`);
  }
  setCookies(answer.cookies);
  send(context, answer);
}

async function readRequest(method: string, context: Context): Promise<IdentityRequest> {
  const { request, url } = context;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === "string") headers[name] = value;
  return {
    method,
    path: url.pathname.slice(authPath.length).split("/").map(decodePathPart).join("/"),
    query: url.searchParams,
    headers,
    body: await readSent(method, context),
    address: context.address ?? "",
    requestId: context.id,
  };
}

async function readSent(method: string, { request, url }: Context): Promise<IdentityRequest["body"]> {
  if (method !== "POST") return undefined;
  return isPostedByProviders(method, url.pathname) ? readForm(request) : readObject(request);
}

function send({ request, response }: Context, { status, body, location, contentType }: IdentityAnswer): void {
  if (location !== undefined) {
    response.writeHead(status, { location });
    response.end();
    return;
  }
  const test = wantsPage(request) ? readSsoTest(body) : undefined;
  if (test !== undefined) return sendMessagePage(response, status, test);
  const text = contentType === undefined ? JSON.stringify(body) : String(body);
  response.writeHead(status, {
    "content-type": contentType ?? "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** The one answer that somebody gets by following a redirect and that is not one itself. */
function readSsoTest(body: unknown): Message | undefined {
  const { test, provider, claims } = Object(body) as { test?: unknown; provider?: unknown; claims?: object };
  if (test !== "passed" || claims === undefined) return undefined;
  return {
    title: `Single sign-on with "${String(provider)}" works`,
    paragraphs: [
      "This was a test: nobody was signed in and no account was made. The provider can be switched on now.",
      "It says of you:",
    ],
    facts: Object.entries(claims).map(([name, value]) => [claimNames[name] ?? name, showClaim(value)]),
    links: [{ to: "/account", text: "To your account" }],
  };
}

const claimNames: Readonly<Record<string, string>> = {
  subject: "Its id for you",
  email: "E-mail",
  emailVerified: "E-mail is verified",
  name: "Name",
  groups: "Groups",
};

function showClaim(value: unknown): string {
  if (value === undefined) return "it does not say";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") || "none" : String(value);
}
