import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ConfigError, loadConfig } from "../config.ts";

function load(env: Record<string, string>, yaml?: string) {
  return loadConfig(env, { cwd: "/srv", readFile: () => yaml }).config;
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

test("metrics are for admin keys and there are no traces, where nobody said otherwise", () => {
  const config = load({});
  assert.deepEqual(config.metrics, { access: "key" });
  assert.equal(config.traces, undefined);
});

test("metrics can have a token of their own, be open or off", () => {
  const { metrics } = load({ AUXOT_METRICS_TOKEN: "m".repeat(24) }, "metrics: { access: open }");
  assert.equal(metrics.access, "open");
  assert.equal(metrics.token?.reveal(), "m".repeat(24));
  assert.equal(load({}, "metrics: { access: off }").metrics.access, "off");
  assert.deepEqual(problemsOf({ AUXOT_METRICS_TOKEN: "short" }, "metrics: { access: public, port: 1 }"), [
    "AUXOT_METRICS_TOKEN: must be 24 characters or more. Make one with: openssl rand -base64 32",
    "metrics.access: must be off, open or key",
    "metrics.port: unknown field",
  ]);
});

test("OpenTelemetry's own variables name the collector", () => {
  const { traces } = load({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/",
    OTEL_EXPORTER_OTLP_HEADERS: "x-key=abc%20d, x-other=e=f",
    OTEL_SERVICE_NAME: "router-1",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
  });
  assert.equal(traces?.url, "http://collector:4318/v1/traces");
  assert.equal(traces.headers["x-key"]?.reveal(), "abc d");
  assert.equal(traces.headers["x-other"]?.reveal(), "e=f");
  assert.equal(traces.serviceName, "router-1");
  assert.deepEqual(traces.attributes, { "deployment.environment": "prod" });
  assert.equal(traces.sampleShare, 1);
  assert.equal(traces.handOn, false);
  assert.doesNotMatch(inspect(traces, { depth: 9 }) + JSON.stringify(traces), /abc|e=f/);
  const whole = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://c/here", OTEL_EXPORTER_OTLP_ENDPOINT: "https://d" };
  assert.equal(load(whole).traces?.url, "https://c/here");
});

test("what the file says of traces goes before the variables", () => {
  const yaml =
    "traces: { endpoint: https://c.example/otlp, headers: { x-key: mine }, sampleShare: 0.1, handOn: true, serviceName: r }";
  const { traces } = load(
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://other", OTEL_EXPORTER_OTLP_HEADERS: "x-key=theirs,y=z" },
    yaml,
  );
  assert.equal(traces?.url, "https://c.example/otlp/v1/traces");
  assert.deepEqual(Object.fromEntries(Object.entries(traces.headers).map(([k, v]) => [k, v.reveal()])), {
    "x-key": "mine",
    y: "z",
  });
  assert.deepEqual([traces.sampleShare, traces.handOn, traces.serviceName], [0.1, true, "r"]);
});

test("OpenTelemetry can be switched off by its own variables", () => {
  const named = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
  assert.equal(load({ ...named, OTEL_SDK_DISABLED: "true" }).traces, undefined);
  assert.equal(load({ ...named, OTEL_TRACES_EXPORTER: "none" }).traces, undefined);
});

test("says what is wrong with traces by its path", () => {
  const yaml = "traces: { endpoint: collector, sampleShare: 2, headers: { 'a b': c }, sampled: true }";
  assert.deepEqual(problemsOf({}, yaml), [
    "traces.endpoint: must begin with https:// or http://",
    "traces.headers.a b: is no name of a header",
    "traces.sampleShare: must be 1 or less",
    "traces.sampled: unknown field; did you mean sampleShare?",
  ]);
  assert.deepEqual(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318", OTEL_RESOURCE_ATTRIBUTES: "nothing" }), [
    "OTEL_EXPORTER_OTLP_ENDPOINT: must begin with https:// or http://",
  ]);
  assert.deepEqual(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_RESOURCE_ATTRIBUTES: "nothing" }), [
    "OTEL_RESOURCE_ATTRIBUTES: must be name=value pairs with commas between them; percent-encode what is special",
  ]);
});
