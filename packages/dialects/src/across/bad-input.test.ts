import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { messagesSamples } from "../../test/bad-input/anthropic-messages.ts";
import { listBadBodies, listMissingPaths, listNullBodies, type Sample } from "../../test/bad-input/fields.ts";
import { chatSamples } from "../../test/bad-input/openai-chat.ts";
import { responsesSamples } from "../../test/bad-input/openai-responses.ts";
import { parse } from "../../test/request-checks.ts";

const samples: readonly (readonly [DialectName, readonly Sample[]])[] = [
  ["openai-chat", chatSamples],
  ["openai-responses", responsesSamples],
  ["anthropic-messages", messagesSamples],
];

/** Undefined when the body is refused as it should be; otherwise what happened instead. */
function describeMistake(dialect: DialectName, body: object, param: string): string | undefined {
  try {
    parse(dialect, body);
  } catch (error) {
    if (!(error instanceof AppError)) return `threw ${String(error)}`;
    if (error.code !== "invalid_request") return `was refused with ${error.code}`;
    if (error.param !== param) return `was refused for ${error.param}: ${error.message}`;
    return error.message.startsWith(`${param}: `) ? undefined : `does not say it begins with: ${error.message}`;
  }
  return "was taken";
}

for (const [dialect, list] of samples) {
  describe(`a bad ${dialect} request`, () => {
    it("is made of good ones, whose every field is in the table", () => {
      for (const sample of list) {
        assert.deepEqual(listMissingPaths(sample), []);
        parse(dialect, sample.body);
      }
    });

    it("is refused with the field's path, for every required field that is missing and every field of another type", () => {
      const mistakes = list.flatMap((sample) =>
        [...listBadBodies(sample).values()].flat().flatMap(({ body, param, says }) => {
          const mistake = describeMistake(dialect, body, param);
          return mistake === undefined ? [] : [`${says}: ${mistake}`];
        }),
      );
      assert.deepEqual(mistakes, []);
    });

    it("is none where an optional field is null", () => {
      for (const sample of list) for (const { body } of listNullBodies(sample)) parse(dialect, body);
    });
  });
}
