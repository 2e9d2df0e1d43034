// Codex CLI from npm, unmodified: a session that reads files and writes one, on every scripted source. What tools Codex
// offers depends on the model's name: the shell for names it does not know, a custom tool for patches for some, for the
// newest one custom tool that takes JavaScript, declared in the input.

import { after, before, test } from "node:test";
import { codexCode, codexPatch, codexShell } from "./copy-task.ts";
import { runCopySession } from "./session.ts";
import { startSources, type Sources } from "./sources.ts";

let sources: Sources;
const stack = new AsyncDisposableStack();
before(async () => {
  sources = stack.use(
    await startSources({
      gpu: ["gpt-6-astra"],
      chat: ["gpt-5.6-luna"],
      responses: ["gpt-6-sol"],
      messages: ["gpt-5.5", "gpt-6-luna"],
    }),
  );
});
after(() => stack.disposeAsync());

for (const [name, what] of [
  ["gpu", "a GPU worker beside a model server"],
  ["messages", "an anthropic-messages cloud"],
  ["chat", "an openai-chat cloud"],
  ["responses", "an openai-responses cloud, in the passthrough lane"],
] as const) {
  test(`Codex reads two files at once and writes what they say into a third, on ${what}`, () =>
    runCopySession({ router: sources.router, source: sources[name], client: "codex", tools: codexShell }));
}

test("Codex's custom tool for patches works on an anthropic-messages cloud", () =>
  runCopySession({
    router: sources.router,
    source: sources.messages,
    client: "codex",
    model: "gpt-5.5",
    tools: codexPatch,
  }));

for (const [name, model] of [
  ["gpu", "gpt-6-astra"],
  ["messages", "gpt-6-luna"],
  ["chat", "gpt-5.6-luna"],
  ["responses", "gpt-6-sol"],
] as const) {
  test(`Codex's tools that come in the input and are called by JavaScript work as ${model} (${name})`, () =>
    runCopySession({
      router: sources.router,
      source: sources[name],
      client: "codex",
      model,
      tools: codexCode,
      // OpenAI's own models have no field for it in Chat Completions.
      takesReasoningBack: name !== "chat",
    }));
}
