// A router with every kind of source these sessions run on: three clouds, one for each public format, and a GPU worker
// beside a model server. Asserts nothing.

import { startRouter, startWorker, type TestRouter } from "../harness/stack.ts";
import { anthropicMessages } from "./anthropic-vendor.ts";
import { openaiChat } from "./openai-chat-vendor.ts";
import { openaiResponses } from "./openai-responses-vendor.ts";
import { startScriptedVendor, type ScriptedVendor } from "./scripted-vendor.ts";

export type Source = {
  readonly tier: "gpu" | "cloud";
  /** Its name in the configuration. */
  readonly provider: string;
  readonly models: readonly string[];
  readonly vendor: ScriptedVendor;
};

export type Sources = AsyncDisposable & {
  readonly router: TestRouter;
  readonly chat: Source;
  readonly responses: Source;
  readonly messages: Source;
  /** A worker with `--engine-url`. */
  readonly gpu: Source;
};

const formats = { chat: openaiChat, responses: openaiResponses, messages: anthropicMessages, gpu: openaiChat };

type SourceName = keyof typeof formats;

/** Each source has a model `scripted-<name>`, and `more`. */
export async function startSources(more: Partial<Record<SourceName, readonly string[]>> = {}): Promise<Sources> {
  await using started = new AsyncDisposableStack();
  async function start(name: SourceName): Promise<Source> {
    const models = [`scripted-${name}`, ...(more[name] ?? [])];
    const vendor = started.use(await startScriptedVendor({ format: formats[name], models }));
    return { tier: name === "gpu" ? "gpu" : "cloud", provider: name, models, vendor };
  }
  const [chat, responses, messages, gpu] = [
    await start("chat"),
    await start("responses"),
    await start("messages"),
    await start("gpu"),
  ];
  const providers = [chat, responses, messages].map(({ provider, models, vendor: { url, format } }) => ({
    name: provider,
    kind: "cloud",
    dialect: format.dialect,
    baseUrl: format.dialect === "anthropic-messages" ? url : `${url}/v1`,
    apiKey: "sk-upstream",
    models,
  }));
  // JSON is YAML.
  const router = started.use(await startRouter({ config: JSON.stringify({ providers }) }));
  started.use(await startWorker(router, { args: ["--engine-url", gpu.vendor.url, "--slots", "1"] }));
  const owned = started.move();
  return { router, chat, responses, messages, gpu, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
