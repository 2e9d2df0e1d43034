// A real OpenID provider in this process, with people who sign in by their name alone. Their claims can be changed at any time.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { openBrowser, type Answer, type Browser } from "./browser.ts";

export type Claims = Readonly<Record<string, unknown>>;

export type IdentityProvider = AsyncDisposable & {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By the name they sign in with; all that the provider says of them. */
  readonly people: Map<string, Claims>;
  /** Changes answers of the provider before they go out. */
  tamper: ((path: string, body: Record<string, unknown>) => Record<string, unknown>) | undefined;
};

export type IdentityProviderOptions = {
  readonly redirectUrls: readonly string[];
  readonly port?: number;
  readonly clientAuth?: "client_secret_basic" | "client_secret_post";
};

export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const people = new Map<string, Claims>();
  const server = createServer();
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientId = "auxot";
  const clientSecret = "the client's secret: 100%";
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [...options.redirectUrls],
        token_endpoint_auth_method: options.clientAuth ?? "client_secret_basic",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    clientAuthMethods: ["client_secret_basic", "client_secret_post"],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ["a key of the test's provider"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
  });
  provider.on("server_error", () => undefined);
  const handle = provider.callback();
  const self: IdentityProvider = {
    issuer,
    clientId,
    clientSecret,
    people,
    tamper: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { tamper } = self;
    if (tamper !== undefined) interceptJson(request, response, tamper);
    void handle(request, response);
  });
  return self;
}

function interceptJson(
  request: IncomingMessage,
  response: ServerResponse,
  tamper: NonNullable<IdentityProvider["tamper"]>,
): void {
  const end = response.end.bind(response);
  response.end = ((body?: unknown) => {
    const text = typeof body === "string" || Buffer.isBuffer(body) ? body.toString() : "";
    if (!text.startsWith("{")) return end(body);
    const changed = JSON.stringify(tamper(request.url ?? "", JSON.parse(text) as Record<string, unknown>));
    response.setHeader("content-length", Buffer.byteLength(changed));
    return end(changed);
  }) as typeof response.end;
}

/** Goes from a page of the router through the provider and back, as a browser does. The answer of the router's callback. */
export async function goThrough(
  browser: Browser,
  start: string,
  login: string,
  provider: IdentityProvider,
): Promise<Answer> {
  const { callback } = await goToCallback(browser, start, login, provider);
  return browser.ask(callback);
}

/** Until the provider sends the browser back; the address that it sends it to. */
export async function goToCallback(
  browser: Browser,
  start: string,
  login: string,
  provider: IdentityProvider,
): Promise<{ readonly callback: string }> {
  const began = await browser.ask(start);
  if (began.status !== 302) throw new Error(`The router did not send the browser on: ${JSON.stringify(began.body)}`);
  const there = openBrowser(provider.issuer);
  let location = began.headers.get("location") ?? "";
  for (let hops = 0; hops < 12; hops++) {
    if (!location.startsWith(provider.issuer) && !location.startsWith("/")) return { callback: pathOf(location) };
    const page = await there.ask(location);
    if (page.status === 303 || page.status === 302) {
      location = page.headers.get("location") ?? "";
      continue;
    }
    const action = /action="([^"]+)"/.exec(String(page.body))?.[1] ?? "";
    const prompt = /name="prompt" value="([^"]+)"/.exec(String(page.body))?.[1] ?? "";
    if (action === "") throw new Error(`The provider shows no form: ${String(page.body).slice(0, 500)}`);
    location = await submit(there, action, prompt === "login" ? { prompt, login, password: "any" } : { prompt });
  }
  throw new Error("The provider goes round in circles.");
}

async function submit(browser: Browser, action: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const sent = await browser.ask(action, undefined, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    form: new URLSearchParams(fields),
  });
  return sent.headers.get("location") ?? "";
}

function pathOf(address: string): string {
  const { pathname, search } = new URL(address);
  return pathname + search;
}
