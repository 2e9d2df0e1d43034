import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { inspect } from "node:util";
import { ConfigError, loadConfig } from "./config.ts";

function load(env: Record<string, string>, yaml?: string) {
  return loadConfig(env, { cwd: "/srv", readFile: () => yaml });
}

function problemsOf(env: Record<string, string>, yaml?: string): readonly string[] {
  try {
    load(env, yaml);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

const cloud = `
providers:
  - name: openai
    kind: cloud
    dialect: openai-chat
    baseUrl: https://api.openai.com/v1/
    apiKey: \${OPENAI_API_KEY}
`;

test("what auxot apply reads may stand in the same file, and is left alone at start", () => {
  const { config, warnings } = load({}, "resources:\n  keys: [{ name: '${NOT_OURS}' }]\n  anything: 7\n");
  assert.deepEqual([config.keys, warnings], [[], []]);
});

const webhookSecret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

describe("configuration from the environment", () => {
  test("needs nothing: every setting has a default", () => {
    const { config, warnings } = load({});
    assert.equal(config.host, "127.0.0.1");
    assert.equal(config.port, 8080);
    assert.equal(config.dataDir, "/srv/.auxot");
    assert.equal(config.logLevel, "info");
    assert.equal(config.databaseUrl, undefined);
    assert.equal(config.limits.maxBodyBytes, 33_554_432);
    assert.deepEqual(config.fetch, { enabled: true, allow: [], maxBytes: 20_971_520, timeoutMs: 10_000 });
    assert.deepEqual(config.responses, { retentionDays: 30, maxBackground: 100 });
    assert.deepEqual(config.audit, { retentionDays: 0 });
    assert.equal(config.vendorKey, undefined);
    assert.deepEqual(config.usage, { recordDays: 90, rollupMonths: 25 });
    assert.deepEqual(warnings, []);
  });

  test("takes every variable, and an empty one as unset", () => {
    const { config } = load({
      AUXOT_PORT: "0",
      AUXOT_HOST: "0.0.0.0",
      AUXOT_BASE_URL: "https://ai.example.com/",
      AUXOT_DATA_DIR: "/data",
      AUXOT_DATABASE_URL: "postgres://u:p@h/d",
      AUXOT_SECRET_KEY: "s".repeat(32),
      AUXOT_BOOTSTRAP_KEY: "b".repeat(24),
      AUXOT_LOG_LEVEL: "",
    });
    assert.equal(config.port, 0);
    assert.equal(config.baseUrl, "https://ai.example.com");
    assert.equal(config.dataDir, "/data");
    assert.equal(config.databaseUrl?.reveal(), "postgres://u:p@h/d");
    assert.equal(config.logLevel, "info");
    assert.doesNotMatch(JSON.stringify(config) + inspect(config, { depth: 9 }), /ssss|bbbb|u:p/);
  });

  const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ AUXOT_PORT: "65536" }, /^AUXOT_PORT: must be a number from 0 to 65535$/],
    [{ AUXOT_PORT: "http" }, /^AUXOT_PORT: must be a number/],
    [{ AUXOT_BASE_URL: "ai.example.com" }, /^AUXOT_BASE_URL: must begin with https/],
    [{ AUXOT_LOG_LEVEL: "loud" }, /^AUXOT_LOG_LEVEL: must be one of trace, debug/],
    [{ AUXOT_SECRET_KEY: "short" }, /^AUXOT_SECRET_KEY: must be 32 characters or more.*openssl rand/],
    [
      { AUXOT_DATABASE_URL: "postgres://u@h/d" },
      /^AUXOT_SECRET_KEY: is required with AUXOT_DATABASE_URL.*openssl rand/,
    ],
    [{ AUXOT_REDIS_URL: "redis://h" }, /^AUXOT_REDIS_URL: not supported in this version; unset it$/],
    [{ AUXOT_BOOTSTRAP_KEY: "short" }, /^AUXOT_BOOTSTRAP_KEY: must be 24 characters or more$/],
    [{ AUXOT_BOOTSTRAP_KEY: `${"b".repeat(24)}\n` }, /^AUXOT_BOOTSTRAP_KEY: has spaces or line breaks at its ends$/],
    [{ AUXOT_BOOTSTRAP_KEY: createKeyText("worker") }, /^AUXOT_BOOTSTRAP_KEY: must be a caller key/],
    [{ AUXOT_BOOTSTRAP_KEY: `${createKeyText("caller")}x` }, /^AUXOT_BOOTSTRAP_KEY: begins like an Auxot key/],
    [{ AUXOT_CONFIG: "none.yaml" }, /^AUXOT_CONFIG: there is no file \/srv\/none\.yaml$/],
  ];
  for (const [env, problem] of wrong) {
    test(`says what is wrong with ${JSON.stringify(env)}`, () => {
      const problems = problemsOf(env);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", problem);
    });
  }

  test("refuses a database address without showing its password", () => {
    const [problem] = problemsOf({ AUXOT_DATABASE_URL: "mysql://u:hunter22@h/d", AUXOT_SECRET_KEY: "s".repeat(32) });
    assert.match(problem ?? "", /^AUXOT_DATABASE_URL: must look like postgres:/);
    assert.doesNotMatch(problem ?? "", /hunter22/);
  });

  test("warns of a misspelt variable, but not of those of workers, the command line or the file", () => {
    const env = {
      AUXOT_LOG_LEVL: "info",
      AUXOT_WORKER_NAME: "x",
      AUXOT_ROUTER_URL: "x",
      AUXOT_ENGINE_KEY: "x",
      AUXOT_KEY: "x",
      AUXOT_MINE: "m",
    };
    const { warnings } = load(env, "keys:\n  - {name: a, key: '12345678901234567890123${AUXOT_MINE}'}");
    assert.deepEqual(warnings, ["AUXOT_LOG_LEVL: unknown setting, ignored; did you mean AUXOT_LOG_LEVEL?"]);
  });
});

describe("configuration from the file", () => {
  test("puts environment variables into texts and trims slashes", () => {
    const { config } = load({ OPENAI_API_KEY: "sk-1" }, cloud);
    const provider = config.providers[0];
    assert.equal(provider?.cloud?.baseUrl, "https://api.openai.com/v1");
    assert.equal(provider?.cloud?.apiKey.reveal(), "sk-1");
    assert.equal(provider?.cloud?.modelsDeclared, false);
  });

  test("writes $${ as a plain ${", () => {
    const { config } = load(
      {},
      cloud.replace("${OPENAI", () => "$${OPENAI"),
    );
    assert.equal(config.providers[0]?.cloud?.apiKey.reveal(), "${OPENAI_API_KEY}");
  });

  test("takes every trait of a model, and names one that is wrong with its path", () => {
    const traits = { thinking: "budget", efforts: ["low"], refuses: ["top_k"], prefill: "refused", maxStops: 2 };
    const { config } = load(
      { OPENAI_API_KEY: "sk-1" },
      `${cloud}    models: [{id: a, abilities: {documents: false}, traits: ${JSON.stringify(traits)}}]\n`,
    );
    const [model] = config.providers[0]?.cloud?.models ?? [];
    assert.deepEqual(model, { id: "a", aliases: [], abilities: { documents: false }, traits });
    for (const [wrong, message] of [
      ["{thinking: loud}", /models\[0\]\.traits\.thinking: must be none, effort, budget or adaptive/],
      ["{refuses: [heat]}", /models\[0\]\.traits\.refuses\[0\]: must be of temperature, top_p/],
      ["{prefil: refused}", /models\[0\]\.traits\.prefil: unknown field/],
      ["{images: true}", /models\[0\]\.traits\.images: unknown field/],
    ] as const)
      assert.throws(() => load({ OPENAI_API_KEY: "x" }, `${cloud}    models: [{id: a, traits: ${wrong}}]\n`), message);
  });

  test("takes models as names or with details, and tells worker keys from caller keys", () => {
    const worker = createKeyText("worker");
    const { config } = load(
      { OPENAI_API_KEY: "sk-1" },
      `${cloud}    models: [a, {id: b, aliases: [bee], contextTokens: 8, abilities: {tools: true}}]
    aliases: {ay: a}
  - {name: rack, kind: gpu}
keys:
  - {name: app, key: abcdefghijklmnopqrstuvwxyz, admin: true}
  - {name: rack, key: ${worker}, provider: rack}
limits: {queueWaitMs: 5}
responses: {retentionDays: 0}
`,
    );
    const { cloud: settings } = config.providers[0] ?? {};
    assert.deepEqual(settings?.models, [
      { id: "a", aliases: [] },
      { id: "b", aliases: ["bee"], contextTokens: 8, abilities: { tools: true } },
    ]);
    assert.deepEqual(settings?.aliases, { ay: "a" });
    assert.equal(settings?.modelsDeclared, true);
    assert.deepEqual(
      config.keys.map(({ key: _key, ...rest }) => rest),
      [
        { name: "app", kind: "caller", admin: true },
        { name: "rack", kind: "worker", admin: false, provider: "rack" },
      ],
    );
    assert.equal(config.limits.queueWaitMs, 5);
    assert.equal(config.responses.retentionDays, 0);
    assert.equal(config.limits.idleTimeoutMs, 120_000);
  });

  const good = { name: "c", kind: "cloud", dialect: "openai-chat", baseUrl: "https://x/v1", apiKey: "k" };
  const bad = (fields: object): string => JSON.stringify({ providers: [{ ...good, ...fields }] });
  const badKeys = (...keys: object[]): string => JSON.stringify({ providers: [good], keys });
  const plain = "abcdefghijklmnopqrstuvwxyz";
  const workerKey = createKeyText("worker");
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["an unknown field at the top", "provider: []", /^provider: unknown field; did you mean providers\?$/],
    ["something else than fields", "- a", /must hold fields/],
    ["a bad name", bad({ name: "Über" }), /^providers\[0\]\.name: must be small letters/],
    ["a bad kind", bad({ kind: "tpu" }), /^providers\[0\]\.kind: must be gpu, cli or cloud$/],
    ["a missing field", bad({ apiKey: undefined }), /^providers\[0\]\.apiKey: is required$/],
    [
      "an unknown field further down",
      bad({ models: [{ id: "m", abilities: { tool: true } }] }),
      /^providers\[0\]\.models\[0\]\.abilities\.tool: unknown field; did you mean tools\?$/,
    ],
    ["an unknown field", bad({ apikey: "x" }), /^providers\[0\]\.apikey: unknown field; did you mean apiKey\?$/],
    [
      "a bad dialect",
      bad({ dialect: "grpc" }),
      /dialect: must be openai-chat, openai-responses or anthropic-messages$/,
    ],
    ["a bad address", bad({ baseUrl: "api.openai.com" }), /baseUrl: must be an address that begins with https/],
    ["a key in the address", bad({ baseUrl: "https://u:p@x/v1" }), /baseUrl: must have no user, password/],
    [
      "Anthropic's address with /v1",
      bad({ dialect: "anthropic-messages", baseUrl: "https://api.anthropic.com/v1/" }),
      /baseUrl: remove the \/v1 at its end: https:\/\/api\.anthropic\.com$/,
    ],
    ["a number as key", bad({ apiKey: 12 }), /apiKey: must be text \(put it in quotes\)$/],
    ["a key with a line break", bad({ apiKey: "k\n" }), /apiKey: has spaces or line breaks/],
    ["a missing variable", bad({ apiKey: "${NOPE}" }), /apiKey: the environment variable NOPE is not set$/],
    ["a broken reference", bad({ apiKey: "${NO PE}" }), /apiKey: "\$\{NO PE\}" is no reference/],
    ["no models at all", bad({ models: [] }), /models: must not be empty/],
    ["a model twice", bad({ models: ["a", "a"] }), /models: the model "a" is listed twice$/],
    [
      "a bad detail",
      bad({ models: [{ id: "a", contextTokens: 0 }] }),
      /models\[0\]\.contextTokens: must be 1 or more$/,
    ],
    [
      "an alias that is a model",
      bad({ models: ["a", { id: "b", aliases: ["a"] }] }),
      /alias "a" of "b" already means "a"/,
    ],
    [
      "an alias of nothing",
      bad({ models: ["a"], aliases: { x: "z" } }),
      /aliases\.x: there is no model "z" in models$/,
    ],
    [
      "a provider twice",
      JSON.stringify({ providers: [good, good] }),
      /providers\[1\]\.name: the same as providers\[0\]/,
    ],
    ["the built-in name", bad({ name: "gpu" }), /name: "gpu" is the built-in GPU provider/],
    ["the other built-in name", bad({ name: "cli" }), /name: "cli" is the built-in CLI provider/],
    ["a field of another kind", '{"providers":[{"name":"a","kind":"cli","apiKey":"k"}]}', /apiKey: unknown field$/],
    ["a short key", badKeys({ name: "k", key: "short" }), /^keys\[0\]\.key: must be 24 characters or more$/],
    ["a damaged key", badKeys({ name: "k", key: "axk_abc" }), /^keys\[0\]\.key: begins like an Auxot key/],
    [
      "a key name twice",
      badKeys({ name: "k", key: plain }, { name: "k", key: `${plain}2` }),
      /keys\[1\]\.name: the same/,
    ],
    ["a key text twice", badKeys({ name: "k", key: plain }, { name: "l", key: plain }), /keys\[1\]\.key: the same as/],
    ["a caller key with provider", badKeys({ name: "k", key: plain, provider: "c" }), /provider: only worker keys/],
    ["a worker key without provider", badKeys({ name: "k", key: workerKey }), /keys\[0\]\.provider: is required/],
    [
      "a worker key of nothing",
      badKeys({ name: "k", key: workerKey, provider: "x" }),
      /there is no provider named "x"$/,
    ],
    ["a worker key of a cloud", badKeys({ name: "k", key: workerKey, provider: "c" }), /"c" is a cloud provider/],
    [
      "an admin worker key",
      badKeys({ name: "k", key: workerKey, provider: "gpu", admin: true }),
      /admin: a worker key cannot be an admin key$/,
    ],
    ["a limit of nothing", "limits: {idleTimeoutMs: 0}", /^limits\.idleTimeoutMs: must be 1 or more$/],
    [
      "an address with a scheme to fetch from",
      'fetch: {allow: ["http://nas"]}',
      /^fetch\.allow\[0\]: must be an address, a range/,
    ],
    [
      "a proxy that is no address",
      "trustedProxies: [10.0.0.0/8, proxy.internal]",
      /^trustedProxies\[1\]: must be an address like 10\.0\.0\.5 or a range/,
    ],
    ["one proxy without a list", "trustedProxies: 10.0.0.5", /^trustedProxies: /],
    ["a file size of text", "fetch: {maxBytes: big}", /^fetch\.maxBytes: must be a number$/],
    ["an unknown field of fetching", "fetch: {allowed: []}", /^fetch\.allowed: unknown field; did you mean allow\?$/],
    ["an unknown limit", "limits: {queueWait: 1}", /^limits\.queueWait: unknown field; did you mean queueWaitMs\?$/],
    [
      "responses kept for less than no time",
      "responses: {retentionDays: -1}",
      /^responses\.retentionDays: must be 0 or more$/,
    ],
    ["usage kept for no time", "usage: {recordDays: 0}", /^usage\.recordDays: must be 1 or more$/],
    ["sums kept for ever", "usage: {rollupMonths: 121}", /^usage\.rollupMonths: must be 120 or less$/],
    ["an unknown setting of usage", "usage: {days: 1}", /^usage\.days: unknown field/],
    ["an unknown setting of responses", "responses: {days: 1}", /^responses\.days: unknown field/],
    [
      "an audit log kept for less than no time",
      "audit: {retentionDays: -1}",
      /^audit\.retentionDays: must be 0 or more$/,
    ],
    ["an audit file without a name", 'audit: {file: ""}', /^audit\.file: must not be empty$/],
    [
      "a collector whose address holds a password",
      "audit: {collector: {url: https://u:p@siem.example.com}}",
      /^audit\.collector\.url: must be an address that begins with https/,
    ],
    ["an unknown setting of the audit log", "audit: {days: 1}", /^audit\.days: unknown field/],
    [
      "a webhook without a secret",
      "alerts: {webhook: {url: https://x.example}}",
      /^alerts\.webhook\.secret: is required/,
    ],
    [
      "a webhook's secret that is none",
      "alerts: {webhook: {url: https://x.example, secret: hunter2}}",
      /^alerts\.webhook\.secret: must be whsec_ and 24 to 64 random bytes in base64\. Make one with: echo whsec_/,
    ],
    [
      "a webhook in the clear on the internet",
      `alerts: {webhook: {url: "http://hooks.example.com/x", secret: ${webhookSecret}}}`,
      /^alerts\.webhook\.url: must be an address that begins with https:\/\//,
    ],
    ["an unknown setting of alerts", "alerts: {mail: x}", /^alerts\.mail: unknown field/],
    ["broken syntax", "a: [\n b: }\n", /^auxot\.yaml, line 2, column \d+: /],
  ];
  for (const [what, yaml, problem] of wrong) {
    test(`says where it finds ${what}`, () => {
      const problems = problemsOf({}, yaml);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", problem);
    });
  }

  test("takes what is said of the audit log, its token never shown", () => {
    const yaml =
      "audit: {retentionDays: 400, file: audit.jsonl, collector: {url: https://siem.example.com/x, token: tttt}}";
    const { audit } = load({}, yaml).config;
    assert.deepEqual(
      [audit.retentionDays, audit.file, audit.collector?.url],
      [400, "audit.jsonl", "https://siem.example.com/x"],
    );
    assert.doesNotMatch(JSON.stringify(audit) + inspect(audit, { depth: 9 }), /tttt/);
  });

  test("takes a webhook, its secret from the environment and never shown; in a private network also without TLS", () => {
    for (const url of [
      "https://hooks.example.com/x?token=1",
      "http://localhost:9000/x",
      "http://10.1.2.3/x",
      "http://[::1]:9000/",
      "http://hooks.monitoring.svc/x",
    ]) {
      const yaml = `alerts: {webhook: {url: "${url}", secret: "\${HOOK_SECRET}"}}`;
      const { webhook } = load({ HOOK_SECRET: webhookSecret }, yaml).config;
      assert.deepEqual([webhook?.url, webhook?.secret.reveal()], [url, webhookSecret]);
      assert.doesNotMatch(JSON.stringify(webhook) + inspect(webhook, { depth: 9 }), /whsec_/);
    }
    assert.equal(load({}, "alerts: {}").config.webhook, undefined);
  });

  test("takes earlier secret keys only beside the present one, each long enough, and a vendor key that is one", () => {
    const [now, old] = ["n".repeat(32), "o".repeat(32)];
    const { config } = load({ AUXOT_SECRET_KEY: now, AUXOT_OLD_SECRET_KEYS: `${old}, ${now}` });
    assert.deepEqual(
      config.oldSecretKeys?.map((key) => key.reveal()),
      [old, now],
    );
    assert.deepEqual(problemsOf({ AUXOT_OLD_SECRET_KEYS: old }), [
      "AUXOT_OLD_SECRET_KEYS: has no use without AUXOT_SECRET_KEY, the key for new secrets",
    ]);
    assert.deepEqual(problemsOf({ AUXOT_SECRET_KEY: now, AUXOT_OLD_SECRET_KEYS: "short" }), [
      "AUXOT_OLD_SECRET_KEYS: each must be 32 characters or more, with commas between",
    ]);
    assert.deepEqual(problemsOf({ AUXOT_VENDOR_KEY: "x" }), [
      "AUXOT_VENDOR_KEY: must be an Ed25519 public key, as PEM or as its 32 bytes in base64",
    ]);
  });

  test("refuses a key that is the bootstrap key", () => {
    const problems = problemsOf({ AUXOT_BOOTSTRAP_KEY: plain }, badKeys({ name: "k", key: plain }));
    assert.deepEqual(problems, ["keys[0].key: the same as AUXOT_BOOTSTRAP_KEY"]);
  });

  test("tells all problems of environment and file at once", () => {
    const problems = problemsOf(
      { AUXOT_PORT: "x", AUXOT_LOG_LEVEL: "x" },
      bad({ name: "X", apiKey: "${NOPE}", dialect: "x" }),
    );
    assert.equal(problems.length, 5, problems.join("\n"));
  });
});
