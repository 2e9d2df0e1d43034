import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorCodes, type ErrorCode } from "@auxot/wire/errors";
import { dialects } from "../dialects.ts";

const now = Date.parse("2026-11-23T05:00:00Z");

function decode(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return dialects["openai-chat"].call.decodeError(status, headers, Buffer.from(text), now);
}

describe("an upstream's error", () => {
  const cases: [status: number, body: unknown, code: ErrorCode, message: RegExp][] = [
    [
      401,
      { error: { message: "Incorrect API key sk-123" } },
      "source_failed",
      /^The provider rejected Auxot's credential \(status 401\)/,
    ],
    [403, "", "source_failed", /rejected Auxot's credential/],
    [429, { error: { message: "slow down", type: "requests" } }, "rate_limited", /slow down/],
    [
      429,
      { error: { message: "Check your plan.", type: "insufficient_quota", code: "insufficient_quota" } },
      "insufficient_quota",
      /Check your plan/,
    ],
    [
      400,
      { error: { message: "max_tokens is too large", param: "max_tokens" } },
      "invalid_request",
      /^max_tokens is too large$/,
    ],
    [
      400,
      { error: { message: "This model's maximum context length is 8192 tokens." } },
      "context_length_exceeded",
      /^This model's/,
    ],
    [
      400,
      {
        type: "error",
        error: { type: "invalid_request_error", message: "prompt is too long: 200001 tokens > 200000" },
      },
      "context_length_exceeded",
      /^prompt is/,
    ],
    [400, { error: { message: "too big", code: "context_length_exceeded" } }, "context_length_exceeded", /too big/],
    [404, { error: { type: "not_found_error", message: "model: x" } }, "model_not_found", /model: x/],
    [413, "", "too_large", /status 413/],
    [422, { detail: "Field required" }, "invalid_request", /Field required/],
    [
      422,
      {
        message: {
          detail: [{ type: "extra_forbidden", loc: ["body", "user"], msg: "Extra inputs are not permitted" }],
        },
      },
      "invalid_request",
      /^user: Extra inputs are not permitted$/,
    ],
    [422, { detail: [{ loc: ["body", "n"], msg: "too big" }, { msg: "bad" }] }, "invalid_request", /^n: too big; bad$/],
    [400, [{ error: { code: 400, message: "Bad image." } }], "invalid_request", /^Bad image\.$/],
    [
      400,
      { error: { type: "invalid_request_error", message: "Your credit balance is too low to access the API." } },
      "insufficient_quota",
      /credit balance/,
    ],
    [402, { error: { message: "Insufficient Balance" } }, "insufficient_quota", /Insufficient Balance/],
    [400, { error: "This model's maximum prompt length is 131072" }, "context_length_exceeded", /131072/],
    [400, { error: { message: "Your request exceeded model token limit: 8192" } }, "context_length_exceeded", /8192/],
    [400, { error: { message: "Prompt exceeds max length" } }, "context_length_exceeded", /max length/],
    [408, "", "source_timeout", /too long/],
    [504, "<html><title>504 Gateway Time-out</title></html>", "source_timeout", /504 Gateway Time-out$/],
    [500, "plain words", "source_failed", /plain words/],
    [503, { error: "busy" }, "no_capacity", /busy/],
    [529, { error: { type: "overloaded_error", message: "Overloaded" } }, "no_capacity", /Overloaded/],
    [400, { error: { type: "constructor", code: { toString: 1, valueOf: 1 } } }, "invalid_request", /status 400/],
    [302, "", "source_failed", /status 302/],
  ];
  for (const [status, body, code, message] of cases) {
    it(`of status ${status} and ${JSON.stringify(body).slice(0, 60)} is ${code}`, () => {
      const error = decode(status, body);
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }

  it("never shows the credential and keeps the field at fault", () => {
    assert.doesNotMatch(decode(401, { error: { message: "Incorrect API key sk-123" } }).message, /sk-123/);
    assert.equal(decode(400, { error: { message: "bad", param: "stop" } }).param, "stop");
  });

  const waits: [headers: Record<string, string>, ms: number | undefined][] = [
    [{ "retry-after": "12" }, 12_000],
    [{ "retry-after-ms": "1500", "retry-after": "9" }, 1500],
    [{ "retry-after": "Mon, 23 Nov 2026 05:00:30 GMT" }, 30_000],
    [{ "retry-after": "Mon, 23 Nov 2026 04:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ];
  it("waits as long as the message says when no header does", () => {
    const body = { error: { message: "Rate limit reached. Please try again in 1.2s.", code: "rate_limit_exceeded" } };
    assert.equal(decode(429, body).retryAfterMs, 1200);
    assert.equal(decode(429, body, { "retry-after": "9" }).retryAfterMs, 9000);
  });

  for (const [headers, ms] of waits) {
    it(`waits ${ms} ms for ${JSON.stringify(headers)}`, () => assert.equal(decode(429, "", headers).retryAfterMs, ms));
  }
});

const encode = (code: ErrorCode, param?: string) =>
  JSON.parse(
    dialects["anthropic-messages"].serve.encodeError({ code, message: "Bad.", ...(param ? { param } : {}) }, "r").body,
  ).error.message;

describe("our errors", () => {
  it("have the status of the table and each dialect's envelope", () => {
    const error = {
      code: "invalid_request",
      message: "temperature: expected a number.",
      param: "temperature",
    } as const;
    const openai = dialects["openai-chat"].serve.encodeError(error, "req_1");
    const anthropic = dialects["anthropic-messages"].serve.encodeError(error, "req_1");
    assert.equal(openai.status, errorCodes.invalid_request.status);
    assert.deepEqual(JSON.parse(openai.body), {
      error: { message: error.message, type: "invalid_request_error", param: "temperature", code: "invalid_request" },
    });
    assert.deepEqual(JSON.parse(anthropic.body), {
      type: "error",
      error: { type: "invalid_request_error", message: error.message },
      request_id: "req_1",
    });
  });

  it("name the field in Anthropic's message and use the words its clients look for", () => {
    assert.equal(encode("invalid_request", "stop"), "stop: Bad.");
    assert.equal(encode("context_length_exceeded"), "prompt is too long: Bad.");
  });
});
