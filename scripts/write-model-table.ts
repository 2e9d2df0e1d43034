// Writes packages/server/src/models/model-table.json from the model data of the npm package @earendil-works/pi-ai, of which
// the argument is an unpacked copy (`npm pack @earendil-works/pi-ai@VERSION`, then unpack). Takes limits and abilities only.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { normalizeModelId } from "../packages/server/src/models/normalize-id.ts";

const output = "packages/server/src/models/model-table.json";

/** Vendors that serve models of their own: their word counts for how a model is asked to think. */
const vendors = ["anthropic", "openai", "google", "deepseek", "xai", "meta", "moonshotai", "zai", "minimax", "mistral"];
/** Hosts of other people's models: only limits and abilities are taken, and never the names that are theirs alone. */
const hosts = ["groq", "cerebras", "together", "fireworks", "huggingface", "nvidia", "qwen-token-plan", "openrouter"];

const efforts = ["minimal", "low", "medium", "high", "xhigh", "max"];

type Source = {
  readonly id: string;
  readonly type: string;
  readonly api: string;
  readonly reasoning?: boolean;
  readonly input: readonly string[];
  readonly contextWindow?: number;
  readonly maxTokens?: number;
  readonly thinkingLevelMap?: Readonly<Record<string, string | null>>;
  readonly compat?: Readonly<Record<string, unknown>>;
};

type Row = {
  contextTokens?: number;
  maxOutputTokens?: number;
  images: boolean;
  thinking?: string;
  thinkingOff?: string;
  efforts?: readonly string[];
  refuses?: readonly string[];
};

function writeTable(folder: string): void {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license: string;
  };
  const rows = new Map<string, Row>();
  const ofVendors = new Set<string>();
  for (const vendor of [...vendors, ...hosts]) {
    for (const source of readModels(path.join(folder, "dist/providers/data", `${vendor}.json`))) {
      const id = normalizeModelId(source.id);
      const row = rows.get(id);
      const found = makeRow(source, vendors.includes(vendor));
      if (vendors.includes(vendor)) ofVendors.add(id);
      rows.set(id, row === undefined ? found : mergeRows(row, found, ofVendors.has(id)));
    }
  }
  const lines = [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, row]) => `    ${JSON.stringify(id)}: ${JSON.stringify(row)}`);
  const head = `  "source": ${JSON.stringify(`${name} ${version}`)},\n  "license": ${JSON.stringify(license)},`;
  writeFileSync(output, `{\n${head}\n  "models": {\n${lines.join(",\n")}\n  }\n}\n`);
  console.log(`${rows.size} models of ${name} ${version} written to ${output}.`);
}

function readModels(file: string): readonly Source[] {
  const formats = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, Readonly<Record<string, Source>>>>;
  return Object.values(formats)
    .flatMap((models) => Object.values(models))
    .filter(({ id, type }) => type === "chat" && !/^~|:batch$|^auto$|^openrouter\//.test(id));
}

function makeRow(source: Source, isVendor: boolean): Row {
  const known = isVendor ? readThinking(source) : source.reasoning === false ? { thinking: "none" } : {};
  return {
    ...(source.contextWindow === undefined ? {} : { contextTokens: source.contextWindow }),
    ...(source.maxTokens === undefined ? {} : { maxOutputTokens: source.maxTokens }),
    images: source.input.includes("image"),
    ...known,
  };
}

/** A level missing in the map is taken as it is, except the two outermost; null means that the model does not know it. */
function readThinking({ api, reasoning, thinkingLevelMap: levels = {}, compat = {} }: Source): Partial<Row> {
  if (reasoning !== true) return { thinking: "none" };
  const isAnthropic = api === "anthropic-messages";
  const isAdaptive = isAnthropic && compat["forceAdaptiveThinking"] === true;
  const renamed = Object.entries(levels).some(([level, sent]) => level !== "off" && sent !== null && sent !== level);
  const known = efforts.filter((effort) => {
    const outer = effort === "xhigh" || effort === "max" || (effort === "minimal" && isAnthropic);
    return outer ? levels[effort] === effort : levels[effort] !== null;
  });
  const off = !isAnthropic && levels["off"] === "none" ? ["none"] : [];
  const told = isAdaptive || (!isAnthropic && Object.keys(levels).length > 1 && !renamed);
  return {
    ...(isAnthropic ? { thinking: isAdaptive ? "adaptive" : "budget" } : {}),
    ...(isAdaptive && levels["off"] === null ? { thinkingOff: "never" } : {}),
    ...(told ? { efforts: [...off, ...known] } : {}),
    ...(compat["supportsTemperature"] === false ? { refuses: ["temperature", "top_p", "top_k"] } : {}),
  };
}

/** The first word counts. But a context is the longest that anybody gives, so that no prompt is refused too early. */
function mergeRows(row: Row, other: Row, isVendor: boolean): Row {
  return {
    ...row,
    ...findMost("contextTokens", row, other),
    ...(isVendor ? {} : findMost("maxOutputTokens", row, other)),
    images: row.images || other.images,
  };
}

function findMost(field: "contextTokens" | "maxOutputTokens", row: Row, other: Row): Partial<Row> {
  const most = Math.max(row[field] ?? 0, other[field] ?? 0);
  return most === 0 ? {} : { [field]: most };
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Which copy of @earendil-works/pi-ai? Give the folder of its package.json.");
  process.exitCode = 2;
} else writeTable(folder);
