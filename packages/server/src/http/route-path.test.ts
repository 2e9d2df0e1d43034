import assert from "node:assert/strict";
import { test } from "node:test";
import { nameRoute, readRoutePath } from "./route-path.ts";

test("finds the endpoint with the /v1 there, doubled or missing", () => {
  for (const path of [
    "/v1/chat/completions",
    "/v1/v1/chat/completions",
    "/api/openai/chat/completions",
    "/api/openai/v1/chat/completions",
    "/api/openai/v1/v1/chat/completions",
  ]) {
    assert.deepEqual(readRoutePath(path), { dialect: "openai-chat", endpoint: "chat/completions" }, path);
  }
  for (const path of [
    "/v1/messages",
    "/api/anthropic/messages",
    "/api/anthropic/v1/messages",
    "/api/anthropic/v1/v1/messages/",
  ]) {
    assert.deepEqual(readRoutePath(path), { dialect: "anthropic-messages", endpoint: "messages" }, path);
  }
});

test("keeps slashes in a model id and does not take v1x for a version", () => {
  assert.equal(readRoutePath("/v1/models/org/model").endpoint, "models/org/model");
  assert.deepEqual(readRoutePath("/v1x/models"), { dialect: undefined, endpoint: "/v1x/models" });
  assert.deepEqual(readRoutePath("/api/openaix"), { dialect: undefined, endpoint: "/api/openaix" });
});

test("names a path by its pattern, and all that are none of ours alike", () => {
  const patterns = ["/api/keys", "/api/keys/{id}"];
  const named = {
    "/v1/chat/completions": "/v1/chat/completions",
    "/api/openai/chat/completions": "/v1/chat/completions",
    "/api/anthropic/v1/messages/count_tokens": "/v1/messages/count_tokens",
    "/v1/models": "/v1/models",
    "/v1/models/org/model": "/v1/models/{id}",
    "/v1/responses/resp_1": "/v1/responses/{id}",
    "/v1/responses/resp_1/cancel": "/v1/responses/{id}/cancel",
    "/v1/responses/resp_1/cancel/more": "other",
    "/v1/anything": "other",
    "/api/keys": "/api/keys",
    "/api/keys/key_1": "/api/keys/{id}",
    "/api/keys/key_1/more": "other",
    "/api/health": "/api/health",
    "/metrics": "/metrics",
    "/favicon.ico": "other",
  };
  for (const [path, name] of Object.entries(named)) assert.equal(nameRoute(path, patterns), name, path);
});
