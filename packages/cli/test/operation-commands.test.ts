// What the command line makes of a declaration: options, tables, dry runs, questions.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { defineOperation, type Operation } from "@auxot/wire/operations/define-operation";
import { pageInput, pageOf } from "@auxot/wire/operations/page";
import { z } from "zod";
import { createOperationCommand } from "../src/operation-command.ts";
import { startScriptedRouter, type Person, type Printed, type Received, type Reply } from "./scripted-router.ts";

const thing = z.object({
  id: z.string(),
  size: z.int(),
  name: z.string(),
  isOpen: z.boolean(),
  tags: z.array(z.string()),
  spentMicroUsd: z.int(),
  rules: z.array(z.object({})),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
});
const things = [
  defineOperation({
    name: "bigThings.list",
    summary: "List things.",
    action: "keys.read",
    method: "GET",
    path: "/api/things",
    input: pageInput(
      {
        tags: z.array(z.string()).optional(),
        since: z.iso.datetime().optional(),
        kind: z.union([z.array(z.string()), z.string()]).optional(),
      },
      ["name"],
    ),
    output: pageOf(thing),
  }),
  defineOperation({
    name: "bigThings.update",
    summary: "Change a thing. What is left out stays.",
    action: "keys.edit",
    method: "PATCH",
    path: "/api/things/{id}",
    input: z.strictObject({
      id: z.string(),
      version: z.int().optional(),
      name: z.string().min(2).optional(),
      isOpen: z.boolean().optional(),
      tags: z.array(z.string()).optional(),
      ranges: z.array(z.union([z.ipv6(), z.cidrv4()])).optional(),
      expiresAt: z.iso.datetime().nullish(),
      limits: z
        .strictObject({ perMinute: z.int().min(1).optional(), daily: z.strictObject({ tokens: z.int() }).optional() })
        .optional(),
      labels: z.record(z.string(), z.string()).optional(),
      url: z.string().optional(),
      amount: z.union([z.int(), z.literal("all")]).optional(),
    }),
    output: thing,
  }),
  defineOperation({
    name: "bigThings.remove",
    summary: "Remove a thing. It is gone for good.",
    action: "keys.edit",
    method: "DELETE",
    path: "/api/things/{id}",
    input: z.strictObject({ id: z.string() }),
    output: thing,
  }),
  defineOperation({
    name: "bigThings.seal",
    summary: "Seal a text.",
    action: "keys.edit",
    method: "PUT",
    path: "/api/things",
    input: z.strictObject({ value: z.string().min(3).max(65_536) }),
    output: z.object({ id: z.string() }),
  }),
] as const;
const commands = things.map((one) => createOperationCommand(one as unknown as Operation));

const one = {
  id: "thg_1",
  size: 3,
  name: "first\u001b[31m\nred",
  isOpen: true,
  tags: ["a", "b"],
  spentMicroUsd: 1_250_000,
  rules: [{}],
  createdAt: "2026-01-01T10:20:30.000Z",
  expiresAt: null,
};

const empty: Reply = { body: { items: [], nextCursor: null } };

async function run(
  t: TestContext,
  args: readonly string[],
  script: Readonly<Record<string, Reply>>,
  person: Person = {},
): Promise<Printed & { readonly received: readonly Received[] }> {
  const router = await startScriptedRouter(t, script);
  return { ...(await router.run(args, "axk_test", { commands, ...person })), received: router.received };
}

test("options become the input: nested with dots, lists by repeating, nothing by --no-, the rest as JSON", async (t) => {
  const { code, err, received } = await run(
    t,
    ["big-things", "update", "thg_1", "--name", "new name", "--no-is-open", "--tags", "x", "--tags", "y z"].concat(
      ["--no-expires-at", "--limits.per-minute", "5", "--limits.daily.tokens", "1000000", "--labels", '{"a":"b"}'],
      ["--big-thing-url", "http://x", "--amount", "all", "--version", "3", "--idempotency-key", "once"],
    ),
    { "PATCH /api/things/thg_1": { body: one } },
  );
  assert.deepEqual([code, err], [0, ""]);
  assert.deepEqual(JSON.parse(received[0]?.body ?? ""), {
    version: 3,
    name: "new name",
    isOpen: false,
    tags: ["x", "y z"],
    expiresAt: null,
    limits: { perMinute: 5, daily: { tokens: 1_000_000 } },
    labels: { a: "b" },
    url: "http://x",
    amount: "all",
  });
  assert.equal(received[0]?.headers["x-auxot-face"], "cli");
  assert.equal(received[0]?.headers["idempotency-key"], "once");
});

test("a whole group may be JSON, and one part of it said by itself; an empty list is []", async (t) => {
  const args = ["big-things", "update", "t", "--limits", '{"perMinute":1}', "--limits.per-minute=7", "--tags", "[]"];
  const { received } = await run(t, args, { "PATCH /api/things/t": { body: one } });
  assert.deepEqual(JSON.parse(received[0]?.body ?? ""), { limits: { perMinute: 7 }, tags: [] });
});

test("a time may be a day or a span from now, in the direction that its field looks", async (t) => {
  const script = { "PATCH /api/things/t": { body: one }, "GET /api/things?since=2025-12-31T22%3A01%3A00.000Z": empty };
  for (const [said, meant] of [
    ["2027-01-31", "2027-01-31T00:00:00Z"],
    ["90d", "2026-04-01T00:01:00.000Z"],
    ["2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"],
  ]) {
    const { received } = await run(t, ["big-things", "update", "t", "--expires-at", `${said}`], script);
    assert.deepEqual(JSON.parse(received[0]?.body ?? ""), { expiresAt: meant });
  }
  assert.equal((await run(t, ["big-things", "--since", "2h"], script)).code, 0);
});

test("a list of what may be several kinds of word is given by repeating; a text that stands for one may be given", async (t) => {
  const script = { "PATCH /api/things/t": { body: one }, "GET /api/things?kind=a%2Cb": empty };
  const args = ["big-things", "update", "t", "--ranges", "10.0.0.0/8", "--ranges", "2001:db8::1"];
  const { received } = await run(t, args, script);
  assert.deepEqual(JSON.parse(received[0]?.body ?? ""), { ranges: ["10.0.0.0/8", "2001:db8::1"] });
  assert.equal((await run(t, ["big-things", "--kind", "a,b"], script)).code, 0);
  assert.equal((await run(t, ["big-things", "--kind", "a", "--kind", "b"], script)).code, 0);
});

test("what cannot be is told in the words of the command line, before anything is sent", async (t) => {
  for (const [args, said] of [
    [["--name", "x"], /^--name: must have at least 2 characters\n/],
    [["--ranges", "10.0.0.0/8", "--ranges", "x"], /^--ranges \(number 2\): /],
    [["--version", "soon"], /^--version takes a number, not "soon"\.\n/],
    [["--labels", "{"], /^--labels takes JSON: /],
    [["--limits.per-minute", "0"], /^--limits\.per-minute: must be at least 1\n/],
    [["--limits", '{"daily":{"tokens":"x"}}'], /^--limits\.daily\.tokens: expected number/],
    [["--is-open", "--no-is-open"], /^--is-open and --no-is-open contradict each other\.\n/],
    [["--expires-at", "tomorrow"], /^--expires-at: must be a time with its zone, such as 2027-01-31T12:00:00Z\n/],
    [["--nam", "x"], /^There is no option --nam\. Did you mean --name\?\n/],
  ] as const) {
    const { code, err, received } = await run(t, ["big-things", "update", "thg_1", ...args], {});
    assert.deepEqual([code, received.length], [2, 0], args.join(" "));
    assert.match(err, said);
  }
});

test("a list is a table of what fits into one, without control characters, and says when there is more", async (t) => {
  const page = { items: [one, { ...one, id: "thg_22", name: "b", isOpen: false, tags: [] }], nextCursor: "after" };
  const { out, err, received } = await run(t, ["big-things"], { "GET /api/things": { body: page } });
  assert.equal(
    out,
    `ID      NAME            SIZE  IS OPEN  TAGS  SPENT  CREATED
thg_1   first [31m red  3     yes      a, b  $1.25  2026-01-01 10:20
thg_22  b               3     no       -     $1.25  2026-01-01 10:20
`,
  );
  assert.equal(err, "There are more: --all shows them.\n");
  assert.equal(received.length, 1);
});

test("--all reads every page", async (t) => {
  const { out } = await run(t, ["big-things", "list", "--all", "--json", "--tags", "a", "--tags", "b"], {
    "GET /api/things?tags=a&tags=b": { body: { items: [one], nextCursor: "next" } },
    "GET /api/things?tags=a&tags=b&cursor=next": { body: { items: [{ ...one, id: "thg_2" }], nextCursor: null } },
  });
  const { items, nextCursor } = JSON.parse(out) as { items: { id: string }[]; nextCursor: null };
  assert.deepEqual([items.map(({ id }) => id), nextCursor], [["thg_1", "thg_2"], null]);
});

test("an empty list says so", async (t) => {
  assert.partialDeepStrictEqual(await run(t, ["big-things"], { "GET /api/things": empty }), {
    code: 0,
    out: "",
    err: "There are no big things.\n",
  });
});

test("a single thing is shown field by field", async (t) => {
  const { out } = await run(t, ["big-things", "update", "thg_1"], { "PATCH /api/things/thg_1": { body: one } });
  assert.match(out, /^id +thg_1\nsize +3\n/);
  assert.match(out, /^spentMicroUsd +\$1\.25$/m);
  assert.doesNotMatch(out, /expiresAt/);
});

const changes = [
  {
    kind: "thing",
    id: "thg_1",
    name: "first",
    before: { size: 3, limits: { a: 1 } },
    after: { size: 4, limits: { a: 1, b: 2 } },
  },
  {
    kind: "thing",
    id: "thg_2",
    name: "second",
    before: null,
    after: { id: "thg_2", name: "second", size: 1, until: null },
  },
  { kind: "thing", id: "thg_3", name: "third", before: { size: 1 }, after: null },
  { kind: "thing", id: "thg_4", name: "", before: { size: 1 }, after: { size: 1 } },
];
const told = `~ thing "first" (thg_1)
    size      3 → 4
    limits.b  - → 2
+ thing "second"
    size  1
- thing "third" (thg_3)
~ thing thg_4
    is so already
`;

test("a dry run shows each field before and after", async (t) => {
  const script = { "PATCH /api/things/thg_1?dryRun=true": { body: { dryRun: true, changes } } };
  const args = ["big-things", "update", "thg_1", "--dry-run"];
  const { code, out, err } = await run(t, args, script);
  assert.deepEqual([code, out, err], [0, told, "Nothing was changed: this was a dry run.\n"]);
  assert.deepEqual(JSON.parse((await run(t, [...args, "--json"], script)).out), { dryRun: true, changes });
});

test("a removal is shown and asked about where a person sits, and only there", async (t) => {
  const script = {
    "DELETE /api/things/thg_1?dryRun=true": { body: { dryRun: true, changes: changes.slice(2, 3) } },
    "DELETE /api/things/thg_1": { body: { ...one, name: "first" } },
  };
  const args = ["big-things", "remove", "thg_1"];
  const no = await run(t, args, script, { answers: false });
  assert.deepEqual([no.code, no.out, no.received.length], [1, "", 1]);
  assert.equal(no.err, '- thing "third" (thg_3)\nRemove a thing? [y/N] Nothing was changed.\n');
  const yes = await run(t, args, script, { answers: true });
  assert.deepEqual([yes.code, yes.out, yes.received.length], [0, 'Removed "first" (thg_1).\n', 2]);
  for (const more of [["--yes"], ["-y"], ["--json"]]) {
    const { received, code } = await run(t, [...args, ...more], script, { answers: false });
    assert.deepEqual([code, received.map(({ call }) => call)], [0, ["DELETE /api/things/thg_1"]]);
  }
  assert.equal((await run(t, args, script)).received.length, 1, "a script is not asked");
});

test("help says what each option takes", async (t) => {
  const { out } = await run(t, ["big-things", "update", "--help"], {});
  assert.match(out, /^npx auxot big-things update ID \[options\]\n\nChange a thing\. What is left out stays\.\n/);
  assert.match(out, /^ {2}--tags TAG +text; may be repeated$/m);
  assert.match(out, /^ {2}--limits\.daily\.tokens N +whole number$/m);
  assert.match(
    out,
    /^ {2}--expires-at TIME +a day, 2027-01-31T12:00:00Z, or a span from now like\n.*; --no-expires-at takes it away$/m,
  );
  assert.match(out, /^ {2}--no-is-open +The opposite of --is-open$/m);
});

test("a long or secret text is taken from a file or a pipe, so that no list of processes shows it", async (t) => {
  const script = { "PUT /api/things": { body: { id: "thg_1" } } };
  const files = { "-": "sesame open\n", empty: "\n" };
  const piped = await run(t, ["big-things", "seal", "--value-file", "-"], script, { files });
  assert.deepEqual([piped.code, piped.received[0]?.body], [0, '{"value":"sesame open"}']);
  for (const [args, code, said] of [
    [["--value-file", "-", "--value", "x"], 1, "--value and --value-file contradict each other.\n"],
    [["--value-file", "nowhere"], 1, "There is no file nowhere. Name one with --value-file FILE.\n"],
    [["--value-file", "empty"], 1, "--value: must have at least 3 characters\n"],
    [[], 2, "--value VALUE is missing.\n`npx auxot big-things seal --help` says more.\n"],
  ] as const) {
    const refused = await run(t, ["big-things", "seal", ...args], script, { files });
    assert.deepEqual([refused.code, refused.err, refused.received.length], [code, said, 0]);
  }
});
