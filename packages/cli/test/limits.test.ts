import assert from "node:assert/strict";
import { test } from "node:test";
import { startScriptedRouter } from "./scripted-router.ts";

const limit = {
  id: "lim_1",
  subject: "team",
  subjectId: "tem_1",
  measure: "money",
  window: "month",
  amount: 50_000_000,
  action: "local-only",
  model: null,
  version: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};
const alert = {
  id: "alt_1",
  limitId: "lim_1",
  subject: "team",
  subjectId: "tem_1",
  measure: "money",
  window: "month",
  windowStart: "2026-01-01T00:00:00.000Z",
  percent: 90,
  used: 45_120_000,
  amount: 50_000_000,
  at: "2026-01-20T08:30:00.000Z",
};

test("limits list shows money in dollars, and everybody as that", async (t) => {
  const tokens = { ...limit, id: "lim_2", subject: "org", subjectId: "", measure: "tokens", amount: 100_000 };
  const router = await startScriptedRouter(t, {
    "GET /api/limits": { body: { items: [limit, { ...tokens, model: "gpt*" }], nextCursor: null } },
  });
  assert.equal(
    (await router.run(["limits", "list"])).out,
    `\
ID     FOR        LIMIT                   THEN        MODEL
lim_1  tem_1      $50.00 a month          local-only  -
lim_2  everybody  100,000 tokens a month  local-only  gpt*
`,
  );
});

test("alerts list says when, how much of what, and for whom", async (t) => {
  const router = await startScriptedRouter(t, { "GET /api/alerts": { body: { items: [alert], nextCursor: null } } });
  assert.equal(
    (await router.run(["alerts"])).out,
    `\
AT                FOR    LIMIT           USED    SPENT  LIMIT ID
2026-01-20 08:30  tem_1  $50.00 a month  $45.12  90 %   lim_1
`,
  );
});

test("alerts test shows what the webhook answered, and ends with 1 when it took nothing", async (t) => {
  const taken = await startScriptedRouter(t, {
    "POST /api/alerts/test": { body: { id: "alt_2", status: 204, answer: "", ms: 12 } },
  });
  assert.deepEqual(await taken.run(["alerts", "test"]), {
    code: 0,
    out: "id      alt_2\nstatus  204\nanswer  -\nms      12\n",
    err: "",
  });
  const detail = "The webhook did not take the event: it answered 404";
  const refused = await startScriptedRouter(t, {
    "POST /api/alerts/test": { status: 502, body: { code: "source_failed", detail } },
  });
  assert.deepEqual(await refused.run(["alerts", "test"]), { code: 1, out: "", err: `${detail}\n` });
});

test("money is taken as dollars, and anything else as it was", async (t) => {
  for (const [said, sent] of [
    ["50usd", 50_000_000],
    ["$0.25", 250_000],
    ["1.000001USD", 1_000_001],
    ["7", 7],
  ] as const) {
    const router = await startScriptedRouter(t, { "PATCH /api/limits/lim_1": { body: limit } });
    const { code, err } = await router.run(["limits", "update", "lim_1", "--amount", said]);
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(router.received.at(-1)?.body ?? ""), { amount: sent }, said);
  }
  const router = await startScriptedRouter(t, {});
  const wrong = await router.run(["limits", "update", "lim_1", "--amount", "50eur"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /^--amount takes a number, not "50eur"\.$/m);
});
