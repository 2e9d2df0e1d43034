// How the command line says answers that fields below each other would not say.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startScriptedRouter } from "./scripted-router.ts";

const sums = {
  requests: 3,
  failedRequests: 1,
  cancelledRequests: 0,
  inputTokens: 12_000,
  outputTokens: 500,
  cachedInputTokens: 6000,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costMicroUsd: 1_500_000,
  savedMicroUsd: 0,
  estimatedRequests: 0,
  unpricedRequests: 1,
  cacheHits: 2,
};
const none = { p50: null, p90: null, p95: null, p99: null };
const some = { p50: 9, p90: 90, p95: 1400, p99: 2000 };
const usage = {
  from: "2026-01-01T00:00:00.000Z",
  to: "2026-01-02T00:00:00.000Z",
  bucket: "day",
  totals: { ...sums, queueMs: none, firstTokenMs: some, totalMs: some },
  series: [{ at: "2026-01-01T00:00:00.000Z", ...sums }],
  groups: [],
  nextCursor: null,
};
const createdAt = "2026-01-01T00:00:00.000Z";
const team = {
  body: { id: "tem_1", name: "Search", slug: "search", description: "", members: 1, version: 1, createdAt },
};
const source = (reach: string, because: string) => ({ reach, teamId: null, because });

test("usage is one table with its total; a noun alone asks for it", async (t) => {
  const router = await startScriptedRouter(t, { "GET /api/usage": { body: usage } });
  const { code, out } = await router.run(["usage"]);
  assert.equal(code, 0);
  assert.equal(
    out,
    `Usage from 2026-01-01 to 2026-01-02, in UTC

DAY         REQUESTS  FAILED   INPUT  OUTPUT   COST  SAVED
2026-01-01         3       1  12,000     500  $1.50  $0.00
total              3       1  12,000     500  $1.50  $0.00

Half / 95 % of them took at most: first token 9 ms / 1.4 s, whole answer 9 ms / 1.4 s.
50 % of the input tokens came from a prompt cache, in 2 requests.
Nobody knows the price of 1 request: not in the cost.
`,
  );
});

test("usage divided by teams says their names, and their ids where they may not be seen", async (t) => {
  const group = (id: string | null) => ({ ...usage.totals, group: { team: id }, series: [] });
  const router = await startScriptedRouter(t, {
    "GET /api/usage?groupBy=team": { body: { ...usage, groups: [group("tem_1"), group("tem_2"), group(null)] } },
    "GET /api/teams/tem_1": team,
    "GET /api/teams/tem_2": { status: 403, body: { code: "forbidden", detail: "No." } },
  });
  const { out } = await router.run(["usage", "--group-by", "team"]);
  assert.match(out, /^TEAM +REQUESTS .*\nSearch +3 .*\ntem_2 +3 .*\n- +3 .*\ntotal +3 /m);
});

test("limits are said as people say them, with the names of whom they are for", async (t) => {
  const limit = { id: "lim_1", subject: "team", subjectId: "tem_1", measure: "money", window: "month", amount: 5e7 };
  const rest = { action: "local-only", model: null, version: 1, createdAt, updatedAt: createdAt };
  const rate = { ...limit, ...rest, id: "lim_2", subject: "org", subjectId: "", measure: "requests", amount: 600 };
  const router = await startScriptedRouter(t, {
    "GET /api/limits": {
      body: {
        items: [
          { ...limit, ...rest },
          { ...rate, window: "minute" },
        ],
        nextCursor: null,
      },
    },
    "GET /api/limits/lim_1": { body: { ...limit, ...rest } },
    "GET /api/limit-status": { body: { limits: [{ ...limit, ...rest, used: 1e6, remaining: 49e6, resetsAt: null }] } },
    "GET /api/teams/tem_1": team,
  });
  assert.equal(
    (await router.run(["limits"])).out,
    `ID     FOR        LIMIT                  THEN
lim_1  Search     $50.00 a month         local-only
lim_2  everybody  600 requests a minute  local-only
`,
  );
  assert.match((await router.run(["limits", "get", "lim_1"])).out, /^amount +\$50\.00$/m);
  assert.match((await router.run(["limits", "status"])).out, /^Search +\$50\.00 a month +\$1\.00 +\$49\.00 +- /m);
});

test("access says where each right comes from, or of one action whether and why", async (t) => {
  const subject = { id: "svc_1", type: "service", name: "indexer", active: true };
  const rights = [
    { action: "keys.read", sources: [source("team", "of the role admin in the team Search"), source("own", "it is")] },
    { action: "teams.read", sources: [source("everything", "of the role Auditor")] },
  ];
  const verdict = { action: "keys.read", allowed: true, because: "of a role in a team, but not everywhere" };
  const router = await startScriptedRouter(t, {
    "GET /api/access/svc_1": { body: { subject, verdict: null, rights } },
    "GET /api/access/svc_1?action=keys.read": { body: { subject, verdict, rights } },
  });
  assert.equal(
    (await router.run(["access", "explain", "svc_1"])).out,
    `indexer (svc_1) is a service account.

ACTION      ON          BECAUSE
keys.read   a team's    of the role admin in the team Search
            their own   it is
teams.read  everything  of the role Auditor
`,
  );
  const one = (await router.run(["access", "explain", "svc_1", "--action", "keys.read"])).out;
  assert.match(one, /^keys\.read is allowed, because of a role in a team, but not everywhere\.$/m);
  assert.doesNotMatch(one, /teams\.read/);
});

test("kept contents are shown as the conversation that they were", async (t) => {
  const body = {
    requestId: "req_1",
    at: "2026-01-01T00:00:00.000Z",
    keyId: "key_1",
    level: "redacted",
    expiresAt: "2026-01-15T00:00:00.000Z",
    request: {
      model: "auto",
      tools: [],
      messages: [
        { role: "user", content: [{ type: "text", text: "Hello\n[email]" }] },
        { role: "assistant", content: [{ type: "tool-call", name: "find" }] },
      ],
    },
    answer: { stopReason: "stop", content: [{ type: "text", text: "Hi\u001b[2J" }] },
    truncated: false,
  };
  const router = await startScriptedRouter(t, { "GET /api/request-content/req_1": { body } });
  const { out } = await router.run(["request-content", "get", "req_1"]);
  assert.match(out, /\nuser:\n {2}Hello\n {2}\[email\]\n\nassistant:\n {2}\[tool-call name=find\]\n/);
  assert.match(out, /\nthe answer:\n {2}Hi \[2J\n\nstopReason: stop\n$/, "no control character reaches the terminal");
});

test("an export of the audit log is a file: every part, and nothing else on stdout", async (t) => {
  const router = await startScriptedRouter(t, {
    "GET /api/audit/export": { body: { text: '{"seq":1}\n', nextCursor: "two" } },
    "GET /api/audit/export?cursor=two": { body: { text: '{"seq":2}\n', nextCursor: null } },
    "GET /api/audit/export?limit=1": { body: { text: '{"seq":1}\n', nextCursor: "two" } },
  });
  const all = await router.run(["audit", "export"]);
  assert.deepEqual([all.code, all.out, all.err], [0, '{"seq":1}\n{"seq":2}\n', ""]);
  const part = await router.run(["audit", "export", "--limit", "1"]);
  assert.deepEqual([part.out, part.err], ['{"seq":1}\n', "There is more: --cursor two\n"]);
});

test("an audit log that does not prove ends with exit code 1, so that a timer notices", async (t) => {
  const good = { ok: true, entries: 1, firstSeq: 1, lastSeq: 1, problem: null, anchors: { good: 0, unknownKey: 0 } };
  const bad = { ...good, ok: false, problem: { seq: 1, kind: "changed", message: "It was changed." } };
  for (const [body, code] of [
    [good, 0],
    [bad, 1],
  ] as const) {
    const router = await startScriptedRouter(t, { "GET /api/audit/verify": { body } });
    assert.equal((await router.run(["audit", "verify"])).code, code);
    assert.equal((await router.run(["audit", "verify", "--json"])).code, code);
  }
});

test("a list leaves out what the question said, and says who by name", async (t) => {
  const member = { teamId: "tem_1", memberId: "svc_1", type: "service", name: "indexer", role: "admin", createdAt };
  const router = await startScriptedRouter(t, {
    "GET /api/teams/tem_1/members": { body: { items: [member], nextCursor: null } },
    "GET /api/roles/rol_1/holders": { body: { items: [], nextCursor: null } },
  });
  const { out } = await router.run(["team-members", "list", "tem_1"]);
  assert.match(out, /^NAME +MEMBER ID +TYPE +ROLE +CREATED\nindexer +svc_1 +service +admin/);
  assert.equal((await router.run(["roles", "holders", "rol_1"])).err, "There are none.\n");
});

test("in a terminal a long last column is cut, in a pipe nothing is", async (t) => {
  const actor = { type: "user", id: "usr_1", name: "Ann", keyId: "" };
  const entry = { seq: 1, id: "aud_1", at: createdAt, actor, action: "keys.create", target: null, face: "cli" };
  const from = { ip: null, userAgent: null, requestId: null, before: null, after: null, hash: "" };
  const reason = "It needs the role owner in the organisation.";
  const refused = { ...entry, ...from, outcome: "denied", reason };
  const router = await startScriptedRouter(t, {
    "GET /api/audit": { body: { items: [refused], nextCursor: null } },
  });
  const shown = (await router.run(["audit"], "axk_test", { columns: 80 })).out;
  assert.deepEqual(
    shown
      .split("\n")
      .map((line) => line.length <= 80)
      .includes(false),
    false,
  );
  assert.match(shown, /denied: It ne.*…\n$/);
  assert.match((await router.run(["audit"])).out, /denied: It needs the role owner in the organisation\.\n$/);
});
