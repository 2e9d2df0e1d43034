import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAllowance as encodeAnthropic } from "../anthropic-messages/allowance.ts";
import { encodeAllowance as encodeOpenai } from "./openai-allowance.ts";

const line = (amount: number, remaining: number, resetsInMs: number) => ({ amount, remaining, resetsInMs });

test("what is left is told in the headers each vendor's clients read, and nothing where nothing limits", () => {
  const allowance = { requests: line(60, 59, 1000), tokens: line(150_000, 149_984, 360_000) };
  assert.deepEqual(encodeOpenai(allowance), {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-tokens": "6m0s",
  });
  assert.deepEqual(encodeAnthropic(allowance, Date.parse("2026-11-23T10:00:00.200Z")), {
    "anthropic-ratelimit-requests-limit": "60",
    "anthropic-ratelimit-requests-remaining": "59",
    "anthropic-ratelimit-requests-reset": "2026-11-23T10:00:01Z",
    "anthropic-ratelimit-tokens-limit": "150000",
    "anthropic-ratelimit-tokens-remaining": "149984",
    "anthropic-ratelimit-tokens-reset": "2026-11-23T10:06:00Z",
  });
  assert.deepEqual([encodeOpenai({}), encodeAnthropic({}, 0)], [{}, {}]);
});

test("OpenAI's durations are milliseconds, seconds, minutes and hours", () => {
  const told = [0, 120, 59_001, 90_061_000].map((ms) => encodeOpenai({ tokens: line(1, 1, ms) }));
  const resets = told.map((headers) => headers["x-ratelimit-reset-tokens"]);
  assert.deepEqual(resets, ["0s", "120ms", "1m0s", "25h1m1s"]);
});
