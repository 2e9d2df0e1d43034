// Signs a person in from the command line: shows a code, waits until somebody approves it in a browser, prints the key.

import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { AppError } from "@auxot/wire/errors";
import type { Command, Invocation } from "./command.ts";

export const login: Command = {
  name: "login",
  summary: "Sign in with a browser. Prints a key of yours, good for 90 days: export AUXOT_KEY=$(npx auxot login)",
  positionals: [],
  options: { name: { value: "NAME", summary: "what to call this machine; its own name unless given" } },
  async run(invocation) {
    const { terminal, options, isJson } = invocation;
    const client = typeof options["name"] === "string" ? options["name"] : hostname();
    const begun = await ask(invocation, "/api/auth/device/code", { client: client.slice(0, 100) });
    const { body } = begun;
    if (begun.status !== 200) throw explain(begun);
    const code = String(body["user_code"]);
    terminal.err(`Open ${String(body["verification_uri"])} and approve the code ${code}\n`);
    let intervalMs = Number(body["interval"]) * 1000;
    for (;;) {
      await wait(intervalMs);
      const polled = await ask(invocation, "/api/auth/device/token", { device_code: body["device_code"] });
      const { key, expiresAt, error } = polled.body;
      if (polled.status === 200 && typeof key === "string") {
        terminal.out(isJson ? `${JSON.stringify(polled.body, null, 2)}\n` : `${key}\n`);
        terminal.err(`Signed in until ${String(expiresAt).slice(0, 10)}. Keep the key: it is not shown again.\n`);
        return 0;
      }
      // RFC 8628 §3.5.
      if (error === "slow_down") intervalMs += 5000;
      else if (error !== "authorization_pending") throw explain(polled);
    }
  },
};

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

async function ask({ url, terminal }: Invocation, path: string, sent: object): Promise<Answer> {
  let response: Response;
  try {
    response = await terminal.fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(sent),
    });
  } catch (cause) {
    throw new AppError("source_failed", `No router answers at ${url}. Is it running? Set AUXOT_URL or --url.`, {
      cause,
    });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== "object" || body === null) {
    throw new AppError("source_failed", `${url} answered, but not as an Auxot router does.`);
  }
  return { status: response.status, body: { ...body } };
}

function explain({ body }: Answer): AppError {
  const said = body["error_description"] ?? body["detail"] ?? "the router refused it";
  return new AppError("unauthenticated", `Signing in did not work: ${String(said)}`);
}
