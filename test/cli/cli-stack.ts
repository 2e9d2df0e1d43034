// A router, `auxot-worker cli` with the real Claude Code, and the Messages API as a script: what all tests here start from.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { listChildren, startProgram, type Program } from "../harness/program.ts";
import { makeDirectory, startRouter, workerFile, type TestRouter } from "../harness/stack.ts";
import { until } from "../harness/until.ts";
import { claudeProgram, sdkFolder } from "./claude-programs.ts";
import { startScriptedMessages, type Block, type MessagesRequest, type ScriptedMessages } from "./scripted-messages.ts";
import type { Turn } from "./scripted-messages.ts";

export const adapters = ["raw", "sdk"] as const;
export type Adapter = (typeof adapters)[number];

export const model = "claude-code/sonnet";
export const apiKey = "sk-ant-api03-secret-of-the-account";

export type Reply = { readonly content: readonly Block[]; readonly stop_reason: string; readonly usage: object };

export type CliStack = AsyncDisposable & {
  readonly api: ScriptedMessages;
  readonly router: TestRouter;
  readonly workerKey: string;
  /** Where its workers put what is temporary. */
  readonly temporary: string;
  /** With `env` over a clean one that has no account; resolves when its model is offered. Ends with the stack. */
  startCli(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Program>;
  /** A request to /v1/messages, answered with 200. */
  ask(messages: readonly Turn[], more?: object): Promise<Reply>;
  /** As `ask`, streamed: its first bytes are here. */
  stream(messages: readonly Turn[], more?: object): Promise<Streaming>;
  /** What the API was asked last. */
  last(): MessagesRequest;
};

export type Streaming = {
  /** All that has come so far. */
  text(): string;
  /** Resolves when a piece has come; false at the end. */
  more(): Promise<boolean>;
  /** Reads to the end. */
  rest(): Promise<string>;
  leave(): void;
};

export const nameOf: Readonly<Record<Adapter, string>> = { raw: "its own protocol", sdk: "the Agent SDK" };

/** `providers`: besides the one of the CLI workers. */
export async function startCliStack(
  adapter: Adapter,
  providers: (apiUrl: string) => readonly object[] = () => [],
): Promise<CliStack> {
  if (!existsSync(claudeProgram)) throw new Error("Claude Code is not installed: run `npm run test:cli`.");
  await using started = new AsyncDisposableStack();
  const directory = started.use(await makeDirectory());
  const api = started.use(await startScriptedMessages());
  const config = JSON.stringify({ providers: [{ name: "claude", kind: "cli" }, ...providers(api.url)] });
  const router = started.use(await startRouter({ config }));
  const made = await router.post("/api/keys", { name: "cli", kind: "worker", provider: "claude" });
  const { key: workerKey } = (await made.json()) as { readonly key: string };
  const workers = started.use(new AsyncDisposableStack());
  let count = 0;

  async function startCli(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Program> {
    const agent = ["--model", "sonnet", "--claude", claudeProgram, "--adapter", adapter, "--agent-sdk", sdkFolder];
    const sandbox = args.includes("--sandbox") ? [] : ["--sandbox", "off"];
    const name = `worker-${++count}`;
    const program = workers.use(
      startProgram([workerFile, "cli", "--router", router.url, "--name", name, ...agent, ...sandbox, ...args], {
        env: {
          // What the person who runs the tests has set up must not count here.
          ANTHROPIC_API_KEY: "",
          ANTHROPIC_AUTH_TOKEN: "",
          CLAUDE_CODE_OAUTH_TOKEN: "",
          CLAUDE_CONFIG_DIR: "",
          AUXOT_WORKER_KEY: workerKey,
          ANTHROPIC_BASE_URL: api.url,
          NO_PROXY: "127.0.0.1",
          TMPDIR: directory.path,
          ...env,
        },
      }),
    );
    await program.said(/connected to the router/);
    await until("the model is offered", async () =>
      (await router.workers()).some((one) => one.name === name && one.models.length > 0),
    );
    return program;
  }

  async function stream(messages: readonly Turn[], more: object = {}): Promise<Streaming> {
    const controller = new AbortController();
    const body = { model, max_tokens: 500, stream: true, messages, ...more };
    const response = await router.post("/v1/messages", body, { signal: controller.signal });
    assert.equal(response.status, 200);
    assert.ok(response.body !== null);
    const reader = response.body.getReader();
    let text = "";
    async function readMore(): Promise<boolean> {
      const { value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      return value !== undefined;
    }
    await readMore();
    return {
      text: () => text,
      more: readMore,
      async rest() {
        while (await readMore());
        return text;
      },
      leave: () => controller.abort(),
    };
  }

  const owned = started.move();
  return {
    api,
    router,
    workerKey,
    temporary: directory.path,
    startCli,
    async ask(messages, more = {}) {
      const response = await router.post("/v1/messages", { model, max_tokens: 500, messages, ...more });
      const body = await response.text();
      assert.equal(response.status, 200, body);
      return JSON.parse(body) as Reply;
    },
    stream,
    last() {
      const request = api.requests.at(-1);
      assert.ok(request !== undefined);
      return request;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export function say(text: string): Turn {
  return { role: "user", content: [{ type: "text", text }] };
}

export function assistant({ content }: Pick<Reply, "content">): Turn {
  return { role: "assistant", content };
}

/** The pieces of one kind of delta in a stream of the Messages format. */
export function deltas(frames: string, kind: "text" | "thinking" | "input_json"): string[] {
  const field = kind === "input_json" ? "partial_json" : kind;
  return frames.split("\n").flatMap((line) => {
    if (!line.startsWith("data: ")) return [];
    const { delta } = JSON.parse(line.slice(6)) as { readonly delta?: Readonly<Record<string, string>> };
    return delta?.["type"] === `${kind}_delta` ? [delta[field] ?? ""] : [];
  });
}

/** Everything a process has started, however deep. */
export async function listDescendants(pid: number): Promise<number[]> {
  const children = await listChildren(pid);
  const further = await Promise.all(children.map(listDescendants));
  return [...children, ...further.flat()];
}
