import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { metricList } from "../packages/server/src/observe/metric-list.ts";

const page = readFileSync(path.join(import.meta.dirname, "../docs/guide/observability.md"), "utf8");

test("the guide's tables have every metric with its kind, labels and meaning", () => {
  const rows = page.matchAll(/^\| `(auxot_\w+)` +\| (\w+) +\| (.*?) *\| (.*?) +\|$/gm);
  const told = Array.from(rows, ([, name, type, labels, help]) => ({ name, type, labels, help }));
  const known = Object.values(metricList).map(({ name, type, labels, help }) => ({
    name,
    type,
    labels: labels.map((label) => `\`${label}\``).join(", "),
    help,
  }));
  assert.deepEqual(told, known);
});

test("the guide's questions and alerts name only metrics and labels that exist", () => {
  const metrics = new Map(Object.values(metricList).map((metric) => [metric.name as string, metric]));
  for (const [, name = "", , filter = ""] of page.matchAll(/\b(auxot_\w+?)(_bucket)?(?:\{([^}]*)\})?(?![\w{])/g)) {
    const metric = metrics.get(name);
    assert.ok(metric !== undefined, name);
    for (const [, label = ""] of filter.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)) {
      assert.ok((metric.labels as readonly string[]).includes(label), `${name}{${label}}`);
    }
  }
});

test("names and labels are as Prometheus wants them", () => {
  for (const { name, type, labels, help } of Object.values(metricList)) {
    assert.match(name, /^auxot_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") assert.match(name, /_seconds$/);
    for (const label of labels) assert.match(label, /^[a-z_]+$/);
    assert.match(help, /\.$/);
  }
});
