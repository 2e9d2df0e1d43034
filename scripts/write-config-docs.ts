// Writes what the code knows of its own settings into docs/guide/configuration.md, between the marks that stand there.
// The words around the marks are written by hand and left as they are.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { environmentFields, fileFields, type ConfigField } from "../packages/server/src/config/fields.ts";
import { readCommand } from "../packages/workers/src/config.ts";

/** The page, relative to the root. */
export const configPage = "docs/guide/configuration.md";

const blocks: Readonly<Record<string, () => string>> = {
  environment: () => renderTable("Variable", environmentFields),
  file: () => renderTable("Field", fileFields),
  worker: () => renderWorkerHelp("gpu"),
  "cli worker": () => renderWorkerHelp("cli"),
};

/** `page` with every marked block made anew. Throws when a mark is missing. */
export function fillConfigPage(page: string): string {
  return Object.entries(blocks).reduce((text, [name, render]) => {
    const begin = `<!-- generated: ${name} -->\n`;
    const end = `<!-- end of ${name} -->`;
    const [before, rest] = splitOnce(text, begin);
    const [, after] = splitOnce(rest, end);
    return `${before}${begin}\n${render()}\n\n${end}${after}`;
  }, page);
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`${configPage} has no mark "${mark.trim()}".`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

/** Columns are padded as oxfmt pads them, so that the page needs no formatting afterwards. */
function renderTable(heading: string, fields: readonly ConfigField[]): string {
  const rows = fields.map((field) => [`\`${field.name}\``, renderDefault(field.default), escape(field.meaning)]);
  const header = [heading, "Default", "Meaning"];
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const renderRow = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [renderRow(header), rule, ...rows.map(renderRow)].join("\n");
}

/** One word is a value to copy, several are an explanation. */
function renderDefault(text: string | undefined): string {
  if (text === undefined) return "";
  return text.includes(" ") ? escape(text) : `\`${text}\``;
}

/** Angle brackets would be HTML, bars would end the cell. */
function escape(text: string): string {
  return text.replaceAll(/[<>|]/g, "\\$&");
}

function renderWorkerHelp(kind: "gpu" | "cli"): string {
  const command = readCommand([kind, "--help"], {});
  if (command.kind !== "text") throw new Error(`auxot-worker ${kind} --help gave no text.`);
  return `\`\`\`text\n${command.text.trimEnd()}\n\`\`\``;
}

// Also when scripts/run.js loads it.
if (process.argv[1] === import.meta.filename) {
  const file = path.join(import.meta.dirname, "..", configPage);
  writeFileSync(file, fillConfigPage(readFileSync(file, "utf8")));
}
