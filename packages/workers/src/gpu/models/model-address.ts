// Reads what people write after --model. Pure.

import { createHash } from "node:crypto";
import path from "node:path";

/** `urls` are the parts of a split file, the first one first; usually there is one. */
export type ModelAddress =
  | { readonly kind: "demo"; readonly which: "script" | "echo" | "embed" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "download"; readonly urls: readonly string[]; readonly sha256?: string };

export type AddressError = { readonly kind: "problem"; readonly message: string };

const splitPattern = /-(\d{5})-of-(\d{5})\.gguf$/;

/** `huggingFace` is the address of the hub or of a mirror. */
export function parseModelAddress(text: string, huggingFace: string): ModelAddress | AddressError {
  if (text === "demo") return { kind: "demo", which: "script" };
  if (text === "demo-echo") return { kind: "demo", which: "echo" };
  if (text === "demo-embed") return { kind: "demo", which: "embed" };
  const [address = "", fragment] = text.split("#");
  const isRemote = /^https?:\/\//.test(address) || address.startsWith("hf:");
  if (!isRemote) {
    if (text.endsWith(".gguf")) return { kind: "file", path: path.resolve(text) };
    return problem(
      text,
      "is no model: give FILE.gguf, https://….gguf, hf:owner/repo/file.gguf, demo, demo-echo or demo-embed.",
    );
  }
  const url = address.startsWith("hf:") ? readHuggingFace(address, huggingFace) : address;
  if (url === undefined) return problem(text, "should look like hf:owner/repo/file.gguf.");
  if (!URL.canParse(url) || !new URL(url).pathname.endsWith(".gguf")) return problem(text, "should end in .gguf.");
  const sha256 = fragment === undefined ? undefined : /^sha256=([0-9a-f]{64})$/i.exec(fragment)?.[1]?.toLowerCase();
  if (fragment !== undefined && sha256 === undefined) return problem(text, "should end in #sha256= and 64 hex digits.");
  return { kind: "download", urls: listParts(url), ...(sha256 === undefined ? {} : { sha256 }) };
}

/** Where a download lies below the directory of models; parts of one split file lie side by side. */
export function localPathOf(url: string): string {
  const { origin, pathname } = new URL(url);
  const directory = createHash("sha256")
    .update(origin + path.posix.dirname(pathname))
    .digest("hex")
    .slice(0, 12);
  return path.join(directory, decodeURIComponent(path.posix.basename(pathname)).replaceAll(/[/\\]/g, "_"));
}

/** The name a model file is offered under: its file name without extension and part number. */
export function modelNameOf(filePath: string): string {
  return path
    .basename(filePath)
    .replace(splitPattern, ".gguf")
    .replace(/\.gguf$/, "")
    .slice(0, 200);
}

function readHuggingFace(address: string, hub: string): string | undefined {
  const [, owner, repository, revision = "main", file] =
    /^hf:([^/\s]+)\/([^/\s@]+)(?:@([^/\s]+))?\/(\S+)$/.exec(address) ?? [];
  if (owner === undefined || repository === undefined || file === undefined) return undefined;
  return `${hub.replace(/\/+$/, "")}/${owner}/${repository}/resolve/${revision}/${file}`;
}

function listParts(url: string): string[] {
  const [, , count] = splitPattern.exec(new URL(url).pathname) ?? [];
  if (count === undefined) return [url];
  return Array.from({ length: Number(count) }, (_, i) =>
    url.replace(/-\d{5}-of-/, `-${String(i + 1).padStart(5, "0")}-of-`),
  );
}

function problem(text: string, message: string): AddressError {
  return { kind: "problem", message: `The model ${text} ${message}` };
}
