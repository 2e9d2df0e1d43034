// Several accounts on one worker: which one answers, and what the router is told of their limits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import type { Account } from "../../src/cli/adapter.ts";
import { ask, readResult, textOf } from "../engine-harness.ts";
import { startCliTest } from "./cli-harness.ts";

const model = "claude-code/sonnet";
const accounts: readonly Account[] = ["one", "two"].map((name) => ({
  name,
  environment: { CLAUDE_CODE_OAUTH_TOKEN: `sk-ant-oat01-${name}` },
}));

async function nameAccount(engine: Parameters<typeof readResult>[0]): Promise<string> {
  const { credential } = JSON.parse(textOf(await readResult(engine, ask("REPORT", { model })))) as {
    readonly credential: string;
  };
  return credential.slice(13);
}

test("accounts take turns, and one that is used less comes first", async () => {
  await using cli = startCliTest({ accounts });
  assert.deepEqual([await nameAccount(cli.engine), await nameAccount(cli.engine)], ["one", "two"]);
  await readResult(cli.engine, ask("USED", { model }));
  assert.deepEqual([await nameAccount(cli.engine), await nameAccount(cli.engine)], ["two", "two"]);
  assert.deepEqual(cli.engine.offers()[0]?.load, 0, "of the least used one");
});

test("an account at its limit rests until its window begins anew; when all rest, the offers say until when", async () => {
  let now = Date.now();
  await using cli = startCliTest({ accounts, now: () => now });
  const changed: (number | undefined)[] = [];
  cli.engine.onOffersChanged(() => void changed.push(cli.engine.offers()[0]?.restsUntil));
  const failed = readResult(cli.engine, ask("LIMIT", { model }));
  await assert.rejects(failed, (error) => error instanceof AppError && error.code === "rate_limited");
  assert.equal(cli.started().length, 2, "both were asked");
  const until = cli.engine.offers()[0]?.restsUntil ?? 0;
  assert.ok(until > now + 3_590_000 && until < now + 3_610_000);
  assert.equal(changed.at(-1), until);
  await assert.rejects(
    readResult(cli.engine, ask("hello", { model })),
    (error) => error instanceof AppError && error.code === "rate_limited" && (error.retryAfterMs ?? 0) > 3_500_000,
  );
  now += 3_700_000;
  assert.equal(cli.engine.offers()[0]?.restsUntil, undefined);
  assert.equal(textOf(await readResult(cli.engine, ask("hello", { model }))), "You said: hello");
});

test("an account whose login is refused rests, and the other one answers in its place, unseen", async () => {
  await using cli = startCliTest({ accounts });
  assert.equal(textOf(await readResult(cli.engine, ask("LOGIN", { model }))), "logged in");
  assert.deepEqual([await nameAccount(cli.engine), await nameAccount(cli.engine)], ["two", "two"]);
  assert.equal(cli.engine.offers()[0]?.restsUntil, undefined);
});

test("the share of a window that is used is told with the offer", async () => {
  await using cli = startCliTest({ accounts: accounts.slice(0, 1) });
  assert.equal(cli.engine.offers()[0]?.load, undefined);
  await readResult(cli.engine, ask("USED", { model }));
  assert.equal(cli.engine.offers()[0]?.load, 0.84);
});
