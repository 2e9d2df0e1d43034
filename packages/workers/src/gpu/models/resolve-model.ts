// Turns what people write after --model into a file on this machine: makes demo models, downloads others.

import { createHash } from "node:crypto";
import { access, mkdir, open, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@auxot/wire/errors";
import type { Log } from "../../log.ts";
import type { LocalModel } from "../embedded/embedded-engine.ts";
import { downloadFile } from "./download.ts";
import { makeEchoModel } from "./echo-model.ts";
import { makeEmbedModel } from "./embed-model.ts";
import { localPathOf, modelNameOf, type ModelAddress } from "./model-address.ts";
import { createProgress } from "./progress.ts";
import { demoContextTokens, makeScriptModel } from "./script-model.ts";

export type ResolveOptions = {
  readonly modelsDirectory: string;
  /** For Hugging Face. */
  readonly token?: string | undefined;
  /** The host `token` is for. */
  readonly tokenHost: string;
  readonly log: Log;
  readonly writeTerminal?: ((text: string) => void) | undefined;
};

type NamedFile = Omit<LocalModel, "aliases">;

/** Throws `AppError` with what a person can do. */
export async function resolveModel(address: ModelAddress, options: ResolveOptions): Promise<NamedFile> {
  switch (address.kind) {
    case "demo":
      return resolveDemo(address.which, options);
    case "file":
      await checkModelFile(address.path);
      return { model: modelNameOf(address.path), path: address.path };
    case "download":
      return resolveDownload(address, options);
  }
}

function resolveDemo(which: "script" | "echo" | "embed", options: ResolveOptions): Promise<NamedFile> {
  switch (which) {
    case "script":
      return resolveScript(options);
    case "echo":
      return resolveEcho(options);
    case "embed":
      return resolveEmbed(options);
  }
}

async function resolveEmbed(options: ResolveOptions): Promise<NamedFile> {
  return {
    model: "auxot-embed",
    path: await writeOnce("auxot-embed", makeEmbedModel(), options.modelsDirectory),
    description:
      "Demo embedding model: its vectors tell which pairs of letters a text has. Use --model for a real one.",
  };
}

async function resolveScript(options: ResolveOptions): Promise<NamedFile> {
  return {
    model: "auxot-demo",
    path: await writeOnce("auxot-demo", makeScriptModel(), options.modelsDirectory),
    description:
      "Demo model: a handful of fixed replies, made at start to show that everything works. Use --model for a real one.",
    contextTokens: demoContextTokens,
  };
}

async function resolveEcho(options: ResolveOptions): Promise<NamedFile> {
  return {
    model: "auxot-echo",
    path: await writeOnce("auxot-echo", makeEchoModel(), options.modelsDirectory),
    description: "Echo model: repeats the last user message byte for byte, for tests.",
  };
}

/** Named by content, so that another version of Auxot makes another file. The same bytes are written once. */
async function writeOnce(name: string, bytes: Buffer, directory: string): Promise<string> {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const file = path.join(directory, `${name}-${hash}.gguf`);
  if (await exists(file)) return file;
  await mkdir(directory, { recursive: true });
  // Workers that start together may each write one; the last rename wins with the same bytes.
  const own = `${file}.${process.pid}.part`;
  await writeFile(own, bytes);
  await rename(own, file);
  return file;
}

async function resolveDownload(
  address: Extract<ModelAddress, { readonly kind: "download" }>,
  options: ResolveOptions,
): Promise<NamedFile> {
  const paths: string[] = [];
  for (const [i, url] of address.urls.entries()) {
    const file = path.join(options.modelsDirectory, localPathOf(url));
    paths.push(file);
    if (await exists(file)) continue;
    const progress = createProgress(path.basename(file), options.log, options.writeTerminal);
    try {
      await downloadFile({
        url,
        path: file,
        token: new URL(url).host === options.tokenHost ? options.token : undefined,
        sha256: i === 0 ? address.sha256 : undefined,
        onProgress: progress.show,
      });
    } finally {
      progress.end();
    }
    options.log.info("downloaded", { file });
  }
  const [first = ""] = paths;
  return { model: modelNameOf(first), path: first };
}

async function checkModelFile(file: string): Promise<void> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new AppError("not_found", `There is no readable model file ${file}.`, { cause });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.toString("latin1", 0, bytesRead) !== "GGUF") {
      throw new AppError("invalid_request", `${file} is not a GGUF file.`);
    }
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
