import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter } from "./harness/router.ts";

const headers = { "anthropic-version": "2023-06-01", "anthropic-beta": "context-management-2025-06-27,new-2" };

/** As Claude Code writes it: markers, betas' fields, odd order, numbers no double holds, escapes, white space. */
const body = `{ "messages" : [{"content":[{"cache_control":{"ttl":"1h","type":"ephemeral"},"text":"H\\u00e9","type":"text"}],"role":"user"},
  {"role":"assistant","content":[{"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"x"}}]},
  {"role":"user","content":[{"type":"text","text":" "}]}],
  "zz_new":{"b":1,"a":[ ],"2":0,"1":0}, "context_management":{"edits":[]}, "max_tokens":5, "temperature":1.0,
  "tools":[{"type":"web_search_20250305","name":"web_search","max_uses":12345678901234567890}], "model":"auto" }`;

test("a Messages request reaches Anthropic as it was written but for the model", async () => {
  await using cloud = await startFakeCloud((_request, response) => void response.writeHead(500).end());
  await using app = await startTestRouter({ providers: [cloud.provider({ dialect: "anthropic-messages" })] });
  await app.post("/v1/messages?beta=true", body, { headers });
  assert.equal(cloud.requests[0]?.body, body.replace('"auto"', '"cloud-model"'));
  assert.equal(cloud.requests[0]?.headers["anthropic-beta"], headers["anthropic-beta"]);
});

test("a Messages request that OpenAI answers takes neither Anthropic's headers nor its own fields along", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["hello"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const response = await app.post("/v1/messages?beta=true", body, { headers });
  assert.equal(response.status, 200);
  const [sent] = cloud.requests;
  assert.equal(sent?.headers["anthropic-beta"], undefined);
  assert.equal(sent?.headers["anthropic-version"], undefined);
  assert.doesNotMatch(sent?.body ?? "", /cache_control|context_management|zz_new|web_search|max_uses/);
  const warnings = response.headers.get("x-auxot-warnings") ?? "";
  for (const field of ["zz_new", "context_management", "cache_control", "tools[0]", "messages[1].content[0]"])
    assert.ok(warnings.includes(`${field}: `), field);
});
