import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { build, parse, refuses, userSays } from "../../test/request-checks.ts";

const hello = { model: "m", max_tokens: 5, messages: [{ role: "user", content: "Hi" }], input: "Hi" };

/** What a caller's tier becomes in another format, and the warning. */
function carry(from: DialectName, tier: string, to: DialectName, model: string): [unknown, string | undefined] {
  const { serviceTier } = parse(from, { ...hello, service_tier: tier });
  const request = { messages: [userSays("Hi")], ...(serviceTier === undefined ? {} : { serviceTier }) };
  const { body, warnings } = build(to, request, model);
  return [body.service_tier, warnings[0]];
}

describe("the service tier", () => {
  it("is told in each vendor's words", () => {
    assert.deepEqual(carry("openai-chat", "default", "anthropic-messages", "claude"), ["standard_only", undefined]);
    assert.deepEqual(carry("openai-responses", "auto", "anthropic-messages", "claude"), ["auto", undefined]);
    assert.deepEqual(carry("anthropic-messages", "standard_only", "openai-chat", "gpt-5"), ["default", undefined]);
    assert.deepEqual(carry("anthropic-messages", "auto", "openai-responses", "gpt-5"), ["auto", undefined]);
    assert.deepEqual(carry("openai-chat", "flex", "openai-responses", "gpt-5"), ["flex", undefined]);
  });

  it("is left out with a warning where the vendor has no word for it, and on servers that may not know the field", () => {
    for (const tier of ["flex", "priority"]) {
      const [sent, warning] = carry("openai-chat", tier, "anthropic-messages", "claude");
      assert.equal(sent, undefined);
      assert.match(warning ?? "", new RegExp(`^service_tier: .*"${tier}"`));
    }
    const [sent, warning] = carry("openai-responses", "priority", "openai-chat", "some-model");
    assert.equal(sent, undefined);
    assert.match(warning ?? "", /^service_tier: /);
    assert.deepEqual(carry("openai-responses", "auto", "openai-chat", "some-model"), [undefined, undefined]);
  });

  it("that is newer than we are is left to OpenAI, and one of a wrong type is refused", () => {
    assert.deepEqual(
      parse("openai-chat", { ...hello, service_tier: "warp" }).unknownFields?.includes("service_tier"),
      true,
    );
    for (const name of ["openai-chat", "openai-responses", "anthropic-messages"] as const)
      refuses(name, { ...hello, service_tier: 1 }, "service_tier");
    refuses("anthropic-messages", { ...hello, service_tier: "flex" }, "service_tier");
  });
});
