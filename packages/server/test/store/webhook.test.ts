// Telling the webhook from the database: in time, again after failures, by one router, and not for ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebhookEvent } from "@auxot/wire/webhook-event";
import { createLog } from "../../src/platform/log.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import { createSendToWebhook, type WebhookSettings } from "../../src/records/webhook/send.ts";
import { createWebhookStore, type WebhookStore } from "../../src/records/webhook/store.ts";
import { createWebhook } from "../../src/records/webhook/webhook.ts";
import { createDeliveryClaims } from "../../src/store/delivery-claims.ts";
import { openTestDatabase } from "../harness/database.ts";
import { startFakeWebhook } from "../harness/fake-webhook.ts";

const second = 1000;
const hour = 3600 * second;

async function setUp() {
  const database = await openTestDatabase();
  const state = { now: Date.parse("2026-11-23T13:00:00Z") };
  const clock = { now: () => state.now };
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", (line) => void lines.push(JSON.parse(line) as Record<string, unknown>));
  const store = createWebhookStore(database);
  return {
    database,
    state,
    lines,
    store,
    /** As one router has it. */
    open(settings: WebhookSettings, owner = "router 1", itsStore: WebhookStore = store) {
      const send = createSendToWebhook(settings, clock);
      const claims = createDeliveryClaims(database);
      return createWebhook({ store: itsStore, claims, send, owner, clock, log, lookEveryMs: 5 });
    },
    async announce(...ids: readonly string[]) {
      for (const id of ids) await store.insert(database.db, eventOf(id, state.now));
    },
    readStates: async () =>
      Array.from(await database.sql`select id, state, tries from webhook_event order by id`, (row) => ({ ...row })),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

function eventOf(id: string, at: number): WebhookEvent {
  const timestamp = new Date(at).toISOString();
  return { id, body: { type: "alert.test", timestamp, text: "Tried out.", data: { askedBy: id } } };
}

const messagesOf = (lines: readonly Record<string, unknown>[]) => lines.map(({ message }) => message);

test("events are told in their order, each once, signed, with the time of the try", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook();
  await house.announce("alt_1", "alt_2");
  house.state.now += 90 * second;
  const webhook = house.open(receiver.settings);
  assert.equal(await webhook.pump(), 2);
  assert.equal(await webhook.pump(), 0);
  assert.deepEqual(receiver.taken, [
    {
      id: "alt_1",
      seconds: house.state.now / second,
      contentType: "application/json",
      body: {
        type: "alert.test",
        timestamp: "2026-11-23T13:00:00.000Z",
        text: "Tried out.",
        data: { askedBy: "alt_1" },
      },
    },
    { ...receiver.taken[1], id: "alt_2" },
  ]);
  assert.deepEqual(webhook.counts(), { delivered: 2, failedTries: 0, lost: 0, waiting: 0 });
  await webhook.close();
});

test("a receiver that is down gets everything once it is up, and the log says so once each", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook([503, 500, "hang", 429]);
  receiver.otherwise = 200;
  await house.announce("alt_1", "alt_2", "alt_3");
  // The hung request ends with the router, which is none of the receiver's doing.
  const killed = house.open(receiver.settings, "router 1");
  killed.start();
  await receiver.askedFor(3);
  await killed.close();
  assert.deepEqual(killed.counts(), { delivered: 0, failedTries: 2, lost: 0, waiting: 3 });
  assert.deepEqual(messagesOf(house.lines), ["The webhook takes no events; trying again"]);
  assert.match(JSON.stringify(house.lines), /The webhook did not take the event alt_1: it answered 503\./);
  assert.doesNotMatch(JSON.stringify(house.lines), /for=tests/, "addresses may hold a secret");

  house.lines.length = 0;
  house.state.now += 6 * 60 * second;
  const next = house.open(receiver.settings, "router 1");
  next.start();
  await receiver.askedFor(4 + 2);
  house.state.now += 5 * second;
  await receiver.askedFor(4 + 3);
  await next.close();
  assert.deepEqual(receiver.taken.map(({ id }) => id).toSorted(), ["alt_1", "alt_2", "alt_3"]);
  assert.equal(messagesOf(house.lines)[0], "The webhook takes no events; trying again");
  assert.ok(house.lines.length <= 2, JSON.stringify(house.lines));
});

test("while an event waits for its next try, the log does not say that the receiver is back", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook([503]);
  await house.announce("alt_1");
  let looks = 0;
  let onLook: (() => void) | undefined;
  const webhook = house.open(receiver.settings, "router 1", {
    ...house.store,
    listDue(now, limit) {
      looks++;
      onLook?.();
      return house.store.listDue(now, limit);
    },
  });
  const lookedMore = (times: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const enough = looks + times;
    onLook = () => looks >= enough && resolve();
    return promise;
  };
  webhook.start();
  await receiver.askedFor(1);
  await lookedMore(4);
  assert.deepEqual(messagesOf(house.lines), ["The webhook takes no events; trying again"]);
  house.state.now += 5 * second;
  await receiver.askedFor(2);
  await lookedMore(2);
  await webhook.close();
  assert.deepEqual(messagesOf(house.lines), [
    "The webhook takes no events; trying again",
    "The webhook takes events again",
  ]);
});

test("nothing listens there: it is said why, and no event is lost", async () => {
  await using house = await setUp();
  await house.announce("alt_1");
  const webhook = house.open({
    url: "http://127.0.0.1:1/",
    secret: createSecret(`whsec_${Buffer.alloc(32).toString("base64")}`),
  });
  await assert.rejects(webhook.pump(), /^Error: The webhook did not take the event alt_1: .*(bad port|ECONNREFUSED)/);
  assert.partialDeepStrictEqual(await house.readStates(), [{ id: "alt_1", state: "waiting", tries: 1 }]);
  await webhook.close();
});

test("an event that is refused holds up no other, is tried again with longer pauses, and is given up after a day", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook([400, 200]);
  receiver.otherwise = 404;
  await house.announce("alt_1", "alt_2");
  const webhook = house.open(receiver.settings);
  assert.equal(await webhook.pump(), 1);
  assert.deepEqual(
    receiver.taken.map(({ id }) => id),
    ["alt_2"],
  );
  assert.equal(await webhook.pump(), 0);
  assert.equal(receiver.tried.length, 2, "not before 5 s");
  house.state.now += 5 * second;
  await webhook.pump();
  house.state.now += 5 * second;
  await webhook.pump();
  assert.equal(receiver.tried.length, 3, "not before 10 s the second time");
  for (let pauses = 0; pauses < 12; pauses++) {
    house.state.now += 300 * second;
    await webhook.pump();
  }
  assert.equal(receiver.tried.length, 3 + 12, "no pause is longer than 5 min");
  house.state.now += 23 * hour;
  await webhook.pump();
  assert.deepEqual(
    (await house.readStates()).map(({ id, state }) => [id, state]),
    [
      ["alt_1", "lost"],
      ["alt_2", "delivered"],
    ],
  );
  assert.partialDeepStrictEqual(webhook.counts(), { delivered: 1, lost: 1, waiting: 0 });
  assert.deepEqual(messagesOf(house.lines), [
    "The webhook refused an event; it is tried again for a day",
    "The webhook refused an event; it is tried again for a day",
    "Events were given up: the webhook did not take them for a day, or too many waited",
  ]);
  await webhook.close();
});

test("a redirect is not followed", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook([302]);
  await house.announce("alt_1");
  const webhook = house.open(receiver.settings);
  assert.equal(await webhook.pump(), 0);
  assert.equal(receiver.tried.length, 1);
  await webhook.close();
});

test("of two routers one tells each event, and the other goes on when the first is gone", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook();
  const ids = Array.from({ length: 45 }, (_, at) => `alt_${String(at).padStart(2, "0")}`);
  await house.announce(...ids);
  const [one, other] = [house.open(receiver.settings, "router 1"), house.open(receiver.settings, "router 2")];
  const told = await Promise.all([one.pump(), other.pump()]);
  assert.deepEqual(
    told.toSorted((a, b) => a - b),
    [0, ids.length],
  );
  assert.deepEqual(
    receiver.taken.map(({ id }) => id),
    ids,
  );
  const [teller, silent] = one.counts().delivered > 0 ? [one, other] : [other, one];
  await house.announce("alt_later");
  assert.equal(await silent.pump(), 0);
  house.state.now += 31 * second;
  assert.equal(await silent.pump(), 1, "30 s after the first was last seen");
  await Promise.all([teller.close(), silent.close()]);
});

test("no more than a thousand wait: the oldest are given up, and said to be; what is over is deleted after a month", async () => {
  await using house = await setUp();
  await using receiver = await startFakeWebhook();
  receiver.otherwise = 503;
  await house.database.sql`
    insert into webhook_event (id, type, body, at, state, tries, next_try_at)
    select 'alt_' || lpad(n::text, 4, '0'), 'alert.test', ${JSON.stringify(eventOf("x", 0).body)},
      ${new Date(house.state.now).toISOString()}::timestamptz + n * interval '1 ms', 'waiting', 0,
      ${new Date(house.state.now).toISOString()}::timestamptz from generate_series(1, 1003) n`;
  const webhook = house.open(receiver.settings);
  await assert.rejects(webhook.pump(), /it answered 503/);
  assert.partialDeepStrictEqual(webhook.counts(), { lost: 3, waiting: 1000 });
  const lost = (await house.readStates()).filter(({ state }) => state === "lost").map(({ id }) => String(id));
  assert.deepEqual(lost, ["alt_0001", "alt_0002", "alt_0003"]);
  house.state.now += 31 * 24 * hour;
  await webhook.pump();
  house.state.now += 2 * hour;
  await webhook.pump();
  assert.deepEqual(await house.readStates(), []);
  await webhook.close();
});
