import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { createHealth } from "./health.ts";

test("a rate limit holds although an answer that began before it ends well", () => {
  const health = createHealth();
  health.onFailure(new AppError("rate_limited", "slow down", { retryAfterMs: 7000 }), 1000);
  health.onSuccess();
  assert.equal(health.restsUntil(), 8000);
});

test("three failures in a row rest the provider, and a success between them does not count as one", () => {
  const health = createHealth();
  const failed = new AppError("source_failed", "broke");
  for (const at of [1, 2]) health.onFailure(failed, at);
  health.onSuccess();
  for (const at of [3, 4]) health.onFailure(failed, at);
  assert.equal(health.restsUntil(), undefined);
  health.onFailure(failed, 5);
  assert.equal(health.restsUntil(), 5005);
});
