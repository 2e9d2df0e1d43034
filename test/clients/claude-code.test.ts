// Claude Code from npm, unmodified: a session that reads files and writes one, on every scripted source.

import { after, before, test } from "node:test";
import { claudeTools } from "./copy-task.ts";
import { runCopySession } from "./session.ts";
import { startSources, type Sources } from "./sources.ts";

let sources: Sources;
const stack = new AsyncDisposableStack();
before(async () => {
  sources = stack.use(await startSources());
});
after(() => stack.disposeAsync());

for (const [name, what] of [
  ["gpu", "a GPU worker beside a model server"],
  ["chat", "an openai-chat cloud"],
  ["responses", "an openai-responses cloud"],
  ["messages", "an anthropic-messages cloud, in the passthrough lane"],
] as const) {
  test(`Claude Code reads two files at once and writes what they say into a third, on ${what}`, () =>
    runCopySession({ router: sources.router, source: sources[name], client: "claude", tools: claudeTools }));
}
