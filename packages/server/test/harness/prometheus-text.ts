// Reads Prometheus' text format 0.0.4 strictly: throws for anything a scraper might refuse or read otherwise.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

import assert from "node:assert/strict";

export type Family = { readonly help: string; readonly type: string; readonly samples: readonly Sample[] };
export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/** By name, in the order of the text. */
export function parseMetrics(text: string): Map<string, Family> {
  assert.ok(text.endsWith("\n"), "the last line is whole");
  const families = new Map<string, { help: string; type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current: { name: string; help: string; type: string; samples: Sample[] } | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      assert.ok(!families.has(name), `${name} is one family`);
      assert.match(name, metricName);
      current = { name, help: rest, type: "", samples: [] };
      families.set(name, current);
    } else if (kind === "TYPE") {
      assert.equal(current?.name, name, `${line} follows its HELP`);
      assert.ok(rest in suffixes, line);
      if (current !== undefined) current.type = rest;
    } else {
      const sample = parseSample(line);
      assert.ok(current !== undefined && current.type !== "", `${line} follows a TYPE`);
      const allowed = suffixes[current.type]?.map((suffix) => `${current?.name}${suffix}`);
      assert.ok(allowed?.includes(sample.name), `${line} belongs to ${current.name}`);
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted())}`;
      assert.ok(!seen.has(series), `${line} is there once`);
      seen.add(series);
      current.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

/** The sum of the samples of `name` (with its suffix) whose labels have these values; 0 of none. */
export function sumOf(
  families: Map<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return Array.from(families.values(), ({ samples }) => samples)
    .flat()
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

function parseSample(line: string): Sample {
  const [, name = "", inside = "", value = ""] = sampleLine.exec(line) ?? [];
  assert.notEqual(name, "", `a sample: ${line}`);
  assert.match(value, /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/, line);
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < inside.length) {
    const [, key = "", quoted = ""] = label.exec(inside) ?? [];
    assert.ok(key !== "" && !(key in labels), `labels of ${line}`);
    labels[key] = quoted.replaceAll(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
  }
  return {
    name,
    labels,
    value: value.endsWith("Inf") ? (value.startsWith("-") ? -Infinity : Infinity) : Number(value),
  };
}

function checkFamily(name: string, { type, samples }: Family): void {
  assert.notEqual(type, "", `${name} has a TYPE`);
  if (type === "counter") {
    assert.match(name, /_total$/);
    for (const { value } of samples) assert.ok(value >= 0, name);
  }
  if (type === "histogram") checkHistogram(name, samples);
}

/** Buckets only grow, and the last of them is the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => JSON.stringify(labels));
  for (const [labels, own] of series) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels: { le = "" } }) => (le === "+Inf" ? Infinity : Number(le)));
    assert.deepEqual(
      bounds,
      [...bounds].toSorted((a, b) => a - b),
      `${name} ${labels}: bounds`,
    );
    assert.equal(bounds.at(-1), Infinity, `${name} ${labels}: +Inf`);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      [...counts].toSorted((a, b) => a - b),
      `${name} ${labels}: counts`,
    );
    assert.equal(counts.at(-1), own.find((sample) => sample.name === `${name}_count`)?.value, `${name} ${labels}`);
    assert.ok(
      own.some((sample) => sample.name === `${name}_sum`),
      `${name} ${labels}: sum`,
    );
  }
}
