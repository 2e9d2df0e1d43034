import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { startScriptedRouter, type Person, type Printed, type Received } from "./scripted-router.ts";

const view = { id: "key_1", name: "ci", kind: "caller", revokedAt: null };
const changes = [
  { kind: "key", id: "key_1", name: "ci", before: null, after: view },
  {
    kind: "key",
    id: "key_2",
    name: "old",
    before: { ...view, version: 4 },
    after: { ...view, version: 4, revokedAt: "2026-01-01T00:00:00.000Z" },
  },
];
const answer = { changes, made: [{ kind: "key", id: "key_1", name: "ci", secret: "axk_secret" }] };
const script = {
  "POST /api/configuration?dryRun=true": { body: { dryRun: true, changes } },
  "POST /api/configuration": { body: answer },
  "GET /api/configuration": { body: { resources: { keys: [{ name: "ci" }, { name: "box", kind: "worker" }] } } },
};
const files = { "auxot.yaml": "limits: {}\nresources:\n  keys:\n    - name: ci\n", "-": '{"resources":{"keys":[]}}' };
const diff = `+ key "ci"
    kind  caller
~ key "old" (key_2)
    revokedAt  - → 2026-01-01 00:00
`;

async function run(
  t: TestContext,
  args: readonly string[],
  person: Person = {},
): Promise<Printed & { readonly received: readonly Received[] }> {
  const router = await startScriptedRouter(t, script);
  return { ...(await router.run(args, "axk_test", { files, ...person })), received: router.received };
}

test("apply --dry-run shows what would change and changes nothing", async (t) => {
  const { code, out, err, received } = await run(t, ["apply", "--dry-run", "--prune"], { answers: true });
  assert.deepEqual([code, out, err], [0, diff, "1 to make, 1 to remove. Nothing was changed yet.\n"]);
  assert.deepEqual(
    received.map(({ call, body }) => [call, JSON.parse(body)]),
    [
      [
        "POST /api/configuration?dryRun=true",
        { resources: { keys: [{ name: "ci" }] }, prune: true, setSecrets: false },
      ],
    ],
  );
});

test("apply in a script makes it so at once, with the secrets on stdout", async (t) => {
  const { code, out, err, received } = await run(t, ["apply", "-f", "auxot.yaml"]);
  assert.equal(code, 0);
  assert.equal(out, `${diff}KIND  NAME  SECRET\nkey   ci    axk_secret\n`);
  assert.equal(err, "1 made, 1 removed.\nKeep these, they are not shown again:\n");
  assert.deepEqual(
    received.map(({ call }) => call),
    ["POST /api/configuration"],
  );
});

test("apply asks where a person sits, once the changes are on the screen", async (t) => {
  const no = await run(t, ["apply"], { answers: false });
  assert.deepEqual([no.code, no.out, no.received.length], [1, diff, 1]);
  assert.match(no.err, /Nothing was changed yet\.\nMake it so\? \[y\/N\] Nothing was changed\.\n$/);
  const yes = await run(t, ["apply"], { answers: true });
  assert.deepEqual([yes.code, yes.received.length], [0, 2]);
  assert.deepEqual(JSON.parse(yes.received[1]?.body ?? "").seen, [
    { kind: "key", name: "ci", version: null },
    { kind: "key", name: "old", version: 4 },
  ]);
  assert.ok(yes.out.startsWith(diff) && !yes.out.slice(1).includes("+ key"), "the changes are shown once");
  assert.equal((await run(t, ["apply", "-y"], { answers: false })).code, 0);
});

test("apply reads what is piped in, and answers programs in JSON", async (t) => {
  const { out, received } = await run(t, ["apply", "--file", "-", "--json"], { answers: false });
  assert.deepEqual(JSON.parse(out), answer);
  assert.deepEqual(JSON.parse(received[0]?.body ?? ""), { resources: { keys: [] }, prune: false, setSecrets: false });
});

test("a file that is none, or has no resources, is told as such", async (t) => {
  const cases: readonly (readonly [string | undefined, RegExp])[] = [
    [undefined, /^There is no file mine\.yaml\. Name one with --file FILE\.\n$/],
    ["a: [", /^mine\.yaml is not YAML: .*line 1, column 5/s],
    ["keys: []", /^mine\.yaml has no resources: at its top\. `npx auxot export` writes one\.\n$/],
    ["resources: {keys: {name: ci}}", /^mine\.yaml, resources\.keys: expected array, received object\.\n$/],
  ];
  for (const [text, said] of cases) {
    const person = { files: text === undefined ? {} : { "mine.yaml": text } };
    const { code, err, received } = await run(t, ["apply", "-f", "mine.yaml"], person);
    assert.deepEqual([code, received.length], [1, 0]);
    assert.match(err, said);
  }
});

test("the value of a secret comes from the environment, and never from the file", async (t) => {
  const sent = async (entry: string, args: readonly string[] = []) => {
    const person = { files: { "auxot.yaml": `resources: {secrets: [${entry}]}` }, variables: { TOKEN: "hidden" } };
    const { code, err, received } = await run(t, ["apply", ...args], person);
    return code === 0 ? JSON.parse(received[0]?.body ?? "").resources.secrets : err;
  };
  const valueFrom = { env: "TOKEN" };
  assert.deepEqual(await sent("{name: A, valueFrom: {env: TOKEN}}"), [{ name: "A", valueFrom, value: "hidden" }]);
  assert.deepEqual(await sent("{name: A, valueFrom: {env: NONE}}"), [{ name: "A", valueFrom: { env: "NONE" } }]);
  assert.deepEqual(await sent("{name: A}"), [{ name: "A" }]);
  assert.match(
    await sent("{name: A, value: x}"),
    /^auxot\.yaml, resources\.secrets\.0\.value: values do not belong in files\./,
  );
  assert.match(
    await sent("{name: A, valueFrom: {env: NONE}}", ["--set-secrets"]),
    /resources\.secrets\.0\.valueFrom: the environment variable NONE is not set/,
  );
});

test("what is made along with it is told by its name, and what follows from any change is left out", async (t) => {
  const team = { id: "tem_1", name: "platform", description: "", version: 1 };
  const limit = { subject: "team", subjectId: "tem_1", amount: 60, version: 1, updatedAt: "2026-01-01T00:00:00.000Z" };
  const router = await startScriptedRouter(t, {
    "POST /api/configuration?dryRun=true": {
      body: {
        dryRun: true,
        changes: [
          { kind: "team", id: "tem_1", name: "platform", before: null, after: team },
          { kind: "routing", id: "tem_1", name: "team platform", before: null, after: { subject: "tem_1" } },
          {
            kind: "model-visibility",
            id: "m",
            name: "m",
            before: null,
            after: { teams: ["tem_1", "tem_2"], words: [] },
          },
          {
            kind: "limit",
            id: "lim_1",
            name: "team platform: requests a minute",
            before: limit,
            after: { ...limit, amount: 120, version: 2, updatedAt: "2026-01-02T00:00:00.000Z" },
          },
        ],
      },
    },
  });
  const { out } = await router.run(["apply", "--dry-run"], "axk_test", { files });
  assert.equal(
    out,
    `+ team "platform"
+ routing "team platform"
    subject  platform
+ model-visibility "m"
    teams  platform, tem_2
~ limit "team platform: requests a minute" (lim_1)
    amount  60 → 120
`,
  );
});

test("several things that are wrong are told below each other", async (t) => {
  const errors = [
    { path: "resources.teams.0.name", message: "is missing" },
    { path: "resources.limits.1.subject.team", message: 'there is no team "x"' },
  ];
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const router = await startScriptedRouter(t, {
    "POST /api/configuration": { status: 400, body: { code: "invalid_request", detail, errors } },
  });
  const { err } = await router.run(["apply"], "axk_test", { files });
  assert.equal(err, `${detail.replace("; ", "\n")}\n`);
});

test("export writes YAML for people and JSON for programs", async (t) => {
  const { out } = await run(t, ["export"]);
  assert.equal(out, "resources:\n  keys:\n    - name: ci\n    - name: box\n      kind: worker\n");
  assert.deepEqual(JSON.parse((await run(t, ["export", "--json"])).out), script["GET /api/configuration"].body);
});
