import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { dialects } from "@auxot/dialects/dialects";
import { quietLog } from "../../test/harness/quiet-log.ts";
import { createSecret } from "../platform/secret-text.ts";
import type { CloudModel } from "../records/providers/providers.ts";
import { runDiscovery } from "./discovery.ts";
import { createUpstream } from "./upstream.ts";

test("the limits a vendor tells in its own list are kept, whatever it calls them", async (t) => {
  const data = [
    { id: "a", max_input_tokens: 1_000_000, max_tokens: 128_000 },
    { id: "b", context_length: 8192, max_tokens: null },
    { id: "c", max_model_len: 4096 },
    { id: "d", context_window: 2048, max_completion_tokens: 512 },
    { id: "e", context_length: "many" },
  ];
  const server = createServer((_, response) => void response.end(JSON.stringify({ data })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const upstream = createUpstream();
  t.after(() => upstream.close());
  const cloud = {
    dialect: "openai-chat" as const,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    apiKey: createSecret("sk-x"),
    models: [],
    modelsDeclared: false,
    aliases: {},
  };
  const stopped = new AbortController();
  let found: readonly CloudModel[] = [];
  const onModels = (models: readonly CloudModel[]): Promise<void> => {
    found = models;
    stopped.abort();
    return Promise.resolve();
  };
  const provider = { id: "prv_x", name: "x", cloud };
  await runDiscovery({ provider, dialect: dialects["openai-chat"], upstream, log: quietLog, onModels }, stopped.signal);
  assert.deepEqual(found, [
    { id: "a", aliases: [], contextTokens: 1_000_000, maxOutputTokens: 128_000 },
    { id: "b", aliases: [], contextTokens: 8192 },
    { id: "c", aliases: [], contextTokens: 4096 },
    { id: "d", aliases: [], contextTokens: 2048, maxOutputTokens: 512 },
    { id: "e", aliases: [] },
  ]);
});
