// For tests: an HTTP server that answers as a router would, from a script, and a terminal that keeps what is printed.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { runCli } from "../src/cli.ts";
import type { Command, Terminal } from "../src/command.ts";

export type Reply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. */
  readonly body: unknown;
};
export type Received = {
  readonly call: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
};

export type ScriptedRouter = {
  readonly url: string;
  readonly received: readonly Received[];
  /** Runs the command line against it, with AUXOT_KEY=axk_test unless `key` says otherwise. */
  run(args: readonly string[], key?: string | null, person?: Person): Promise<Printed>;
};
/** What a test says for the person and the disk. */
export type Person = {
  readonly answers?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  /** How wide their terminal is; absent: a pipe. */
  readonly columns?: number;
  /** Of the environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Instead of those there are. */
  readonly commands?: readonly Command[];
};
export type Printed = { readonly code: number; readonly out: string; readonly err: string };

/** `script` maps `METHOD /path` to the reply. Closed after the test. */
export async function startScriptedRouter(
  t: TestContext,
  script: Readonly<Record<string, Reply>>,
): Promise<ScriptedRouter> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const call = `${request.method} ${request.url}`;
    const body = Buffer.concat(await Array.fromAsync(request)).toString();
    received.push({ call, body, headers: request.headers });
    const reply = script[call] ?? { status: 404, body: { code: "not_found", detail: `No ${call} in the script.` } };
    response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
    response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, received, run: (args, key = "axk_test", person = {}) => runForTest(args, url, key, person) };
}

/** The clock goes on by 100 ms each time it is read; it is 2026-01-01T00:01:00Z. */
export async function runForTest(
  args: readonly string[],
  url: string,
  key: string | null,
  { answers, files = {}, variables = {}, columns, commands }: Person = {},
): Promise<Printed> {
  let out = "";
  let err = "";
  let time = 0;
  const terminal: Terminal = {
    environment: { url, ...(key === null ? {} : { key }), refusesColour: false, read: (name) => variables[name] },
    isColoured: false,
    ...(columns === undefined ? {} : { columns }),
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    fetch: globalThis.fetch,
    ...(answers === undefined
      ? {}
      : {
          confirm: (question: string) => {
            err += `${question} [y/N] `;
            return Promise.resolve(answers);
          },
        }),
    readFile: async (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });
      return text;
    },
    now: () => Date.parse("2026-01-01T00:01:00Z"),
    clock: () => (time += 100),
  };
  const code = await runCli(args, terminal, commands);
  return { code, out, err };
}
