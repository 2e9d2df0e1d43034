// Writes packages/server/src/models/price-table.json from the model data of the npm package @earendil-works/pi-ai, of which
// the argument is an unpacked copy, as for write-model-table.ts. Takes prices only.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Price } from "@auxot/wire/price";
import { normalizeModelId } from "../packages/server/src/models/normalize-id.ts";

const output = "packages/server/src/models/price-table.json";

/** Who sells models of its own: its price is the model's wherever nothing else is known. */
const makers = [
  "anthropic",
  "openai",
  "google",
  "deepseek",
  "xai",
  "meta",
  "moonshotai",
  "zai",
  "minimax",
  "mistral",
  "xiaomi",
];
/** Who sells other people's models: its prices are true of it alone. */
const hosts = ["groq", "cerebras", "together", "fireworks", "huggingface", "baseten", "openrouter"];

type Cost = {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
};
type Source = {
  readonly id: string;
  readonly type: string;
  readonly baseUrl: string;
  readonly cost?: Cost & { readonly tiers?: readonly (Cost & { readonly inputTokensAbove: number })[] };
};

function writeTable(folder: string): void {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license: string;
  };
  const rows = new Map<string, Record<string, Price>>();
  const makerHosts = new Set<string>();
  for (const seller of [...makers, ...hosts]) {
    for (const source of readModels(path.join(folder, "dist/providers/data", `${seller}.json`))) {
      const price = readPrice(source);
      if (price === undefined) continue;
      const host = new URL(source.baseUrl).hostname;
      if (makers.includes(seller)) makerHosts.add(host);
      const row = rows.get(normalizeModelId(source.id)) ?? {};
      rows.set(normalizeModelId(source.id), row);
      const [ofMaker] = Object.entries(row).find(([known]) => makerHosts.has(known)) ?? [];
      if (ofMaker === undefined || !isDeepStrictEqual(row[ofMaker], price)) row[host] ??= price;
    }
  }
  const lines = [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, row]) => `    ${JSON.stringify(id)}: ${JSON.stringify(row)}`);
  const head = [
    `  "source": ${JSON.stringify(`${name} ${version}`)}`,
    `  "license": ${JSON.stringify(license)}`,
    `  "makers": ${JSON.stringify([...makerHosts])}`,
  ];
  writeFileSync(output, `{\n${head.join(",\n")},\n  "models": {\n${lines.join(",\n")}\n  }\n}\n`);
  console.log(`Prices of ${rows.size} models of ${name} ${version} written to ${output}.`);
}

/** Plain ids first: a variant behind a colon does not set the price of the model. */
function readModels(file: string): readonly Source[] {
  const formats = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, Readonly<Record<string, Source>>>>;
  return Object.values(formats)
    .flatMap((models) => Object.values(models))
    .filter(({ id, type }) => type === "chat" && !/^~|:batch$|:free$|^auto$|^openrouter\//.test(id))
    .toSorted((a, b) => Number(a.id.includes(":")) - Number(b.id.includes(":")));
}

/** Without input and output prices it is not known or not sold by the token. */
function readPrice({ cost }: Source): Price | undefined {
  if (cost === undefined || cost.input <= 0 || cost.output < 0) return undefined;
  const steps = (cost.tiers ?? []).toSorted((a, b) => a.inputTokensAbove - b.inputTokensAbove);
  if (steps.length === 0) return readRates(cost);
  const longInputs = steps.map(({ inputTokensAbove, ...step }) => ({
    aboveTokens: inputTokensAbove,
    ...readRates(step),
  }));
  return { ...readRates(cost), longInputs };
}

/** The data set writes 0 for what is not told apart; then those tokens are input like any other. */
function readRates({ input, output: out, cacheRead, cacheWrite }: Cost) {
  return {
    inputMicroUsd: toMicro(input),
    ...(cacheRead > 0 ? { cachedInputMicroUsd: toMicro(cacheRead) } : {}),
    ...(cacheWrite > 0 ? { cacheWriteMicroUsd: toMicro(cacheWrite) } : {}),
    outputMicroUsd: toMicro(out),
  };
}

function toMicro(dollars: number): number {
  return Math.round(dollars * 1_000_000);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Which copy of @earendil-works/pi-ai? Give the folder of its package.json.");
  process.exitCode = 2;
} else writeTable(folder);
