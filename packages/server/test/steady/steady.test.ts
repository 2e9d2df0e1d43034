// What we send to OpenAI, judged by somebody else: every question of the matrix test and more, from all three formats.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { createSecret } from "../../src/platform/secret-text.ts";
import type { DeclaredProvider } from "../../src/records/providers/providers.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";
import { asks, type Ask } from "../matrix/asks.ts";
import { openaiChatScript } from "../matrix/openai-chat-script.ts";
import { openaiResponsesScript } from "../matrix/openai-responses-script.ts";
import { callerNames, scenarios } from "../matrix/scenarios.ts";
import type { VendorScript } from "../matrix/vendor-script.ts";
import { moreAsks } from "./more-asks.ts";
import type { Endpoint } from "./openai-document.ts";
import { startSteadyMock, type SteadyMock } from "./steady-mock.ts";

const paths: Readonly<Record<DialectName, string>> = {
  "openai-chat": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
};

const upstreams = [
  { dialect: "openai-chat", file: "chat/completions/completions.d.ts", params: "ChatCompletionCreateParams" },
  { dialect: "openai-responses", file: "responses/responses.d.ts", params: "ResponseCreateParams" },
] as const;

let mock: SteadyMock;
let app: TestRouter;
before(async () => {
  mock = await startSteadyMock([
    describeEndpoint(upstreams[0], openaiChatScript),
    describeEndpoint(upstreams[1], openaiResponsesScript),
  ]);
  app = await startTestRouter({ providers: upstreams.map(({ dialect }) => declareProvider(dialect)) });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await mock[Symbol.asyncDispose]();
});

/** It answers every question with the text of the first scenario. */
function describeEndpoint({ dialect, file, params }: (typeof upstreams)[number], script: VendorScript): Endpoint {
  const [scenario] = scenarios;
  assert.ok(scenario !== undefined);
  return {
    path: paths[dialect],
    file,
    params,
    answer: JSON.parse(script.writeAnswer(scenario)),
    stream: script.writeStream(scenario),
  };
}

function declareProvider(dialect: DialectName): DeclaredProvider {
  return {
    name: dialect,
    kind: "cloud",
    cloud: {
      dialect,
      baseUrl: `${mock.url}/v1`,
      apiKey: createSecret("sk-upstream-secret"),
      models: [
        { id: "gpt-5.1", aliases: [] },
        { id: "gpt-4o", aliases: [] },
      ],
      modelsDeclared: true,
      aliases: {},
    },
  };
}

/** Questions of a Chat Completions caller whose mistakes we know of, by provider. */
const knownMistakes: Readonly<Record<string, string>> = {
  "openai-chat results": "its own bytes, passed unchanged: OpenAI takes no image in a tool message, many servers do",
  "openai-responses a refusal in the history": "the type of such a message demands an id, and ids are OpenAI's to give",
};

/** Sends it and gives what the mock finds wrong in what arrived. */
async function judge(
  caller: DialectName,
  upstream: DialectName,
  ask: Ask,
  stream: boolean,
): Promise<readonly string[]> {
  const before = mock.verdicts.length;
  const response = await app.post(paths[caller], {
    ...ask,
    model: `${upstream}/${String(ask["model"] ?? "gpt-5.1")}`,
    stream,
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const verdicts = mock.verdicts.slice(before);
  assert.deepEqual(
    verdicts.map(({ path }) => path),
    [paths[upstream]],
  );
  assert.match(verdicts[0]?.errorCount ?? "", /^\d+$/);
  return verdicts.flatMap(({ errors }) => errors);
}

for (const { dialect: upstream } of upstreams) {
  for (const caller of callerNames) {
    test(`OpenAI finds no mistake in what a ${caller} caller makes us send it as ${upstream}`, async () => {
      const mistakes: string[] = [];
      for (const [name, ask] of [...Object.entries(asks[caller]), ...Object.entries(moreAsks[caller])]) {
        if (caller === "openai-chat" && `${upstream} ${name}` in knownMistakes) continue;
        for (const stream of [false, true]) {
          const errors = await judge(caller, upstream, ask, stream);
          mistakes.push(...errors.map((error) => `${name}${stream ? ", streamed" : ""}: ${error}`));
        }
      }
      assert.deepEqual(mistakes, []);
    });
  }
}

test("the judge is awake: it finds a field OpenAI does not have and one of another type", async () => {
  const ask = { messages: [{ role: "user", content: "hi" }], metadata: "none", no_such_field: 1 };
  const errors = await judge("openai-chat", "openai-chat", ask, false);
  assert.notDeepEqual(errors, []);
});
