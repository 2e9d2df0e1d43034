// Asks a local OpenAI-compatible server which models it has and what they can do. Reads what llama-server, Ollama, vLLM
// and LM Studio tell; a server that tells less gets cautious answers.

import { request, type Dispatcher } from "undici";
import { AppError } from "@auxot/wire/errors";
import { isEmbeddingName, type ModelOffer } from "@auxot/wire/model-offer";

export type Server = {
  /** Ends in /v1, without a slash after it. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
};

type Details = Partial<Pick<ModelOffer, "abilities" | "contextTokens" | "dimensions">>;
type Fields = Readonly<Record<string, unknown>>;

const probeLimitMs = 5000;
/** As many as a hello frame holds. */
const mostModels = 200;

const embeddingAbilities = { tools: false, images: false, reasoning: false, embeddings: true } as const;
/** Most models served today take tools; a server that does not know refuses by itself. */
const chatAbilities = { tools: true, images: false, reasoning: false } as const;

/** `http://host:port` or the same with `/v1`; both are written in the wild. */
export function normalizeBaseUrl(text: string): string {
  const base = text.replace(/\/+$/, "");
  return base.endsWith("/v1") ? base : `${base}/v1`;
}

export type OfferOptions = { readonly slots: number; readonly embeddingModels: readonly string[] };

/** The models the server lists, each with `slots`. Throws `source_failed` when it does not answer properly. */
export async function discoverOffers(server: Server, { slots, embeddingModels }: OfferOptions): Promise<ModelOffer[]> {
  const list = await getJson(server, `${server.baseUrl}/models`);
  const models = asList(list["data"]).filter(isRecord).slice(0, mostModels);
  const props = await getOptional(server, `${rootOf(server)}/props`);
  const offers: ModelOffer[] = [];
  for (const model of models) {
    const id = model["id"];
    if (typeof id !== "string" || id === "" || id.length > 200) continue;
    const details = props === undefined ? await askOllama(server, id) : readLlamaServer(props, id);
    const listed = readCount(model["max_model_len"] ?? model["max_context_length"]);
    const contextTokens = details.contextTokens ?? listed;
    offers.push({
      model: id,
      aliases: [],
      abilities: embeddingModels.includes(id) ? embeddingAbilities : (details.abilities ?? guessAbilities(id)),
      ...(details.dimensions === undefined ? {} : { dimensions: details.dimensions }),
      ...(contextTokens === undefined ? {} : { contextTokens }),
      slots,
    });
  }
  return offers;
}

/** llama-server's /props describes the one model it runs; n_ctx there is the context of a slot. */
function readLlamaServer(props: Fields, model: string): Details {
  const settings = isRecord(props["default_generation_settings"]) ? props["default_generation_settings"] : {};
  const capabilities = isRecord(props["chat_template_caps"]) ? props["chat_template_caps"] : {};
  const modalities = isRecord(props["modalities"]) ? props["modalities"] : {};
  const contextTokens = readCount(settings["n_ctx"]);
  // It does not say whether it was started for embeddings.
  if (isEmbeddingName(model)) return { abilities: embeddingAbilities, ...optionalContext(contextTokens) };
  const template = typeof props["chat_template"] === "string" ? props["chat_template"] : "";
  return {
    abilities: {
      tools: capabilities["supports_tools"] !== false,
      images: modalities["vision"] === true,
      reasoning: template.includes("<think>"),
    },
    ...optionalContext(contextTokens),
  };
}

/** Trying would load models that nobody asked for, so the name decides where the server says nothing. */
function guessAbilities(model: string): ModelOffer["abilities"] {
  return isEmbeddingName(model) ? embeddingAbilities : chatAbilities;
}

function optionalContext(contextTokens: number | undefined): Details {
  return contextTokens === undefined ? {} : { contextTokens };
}

async function askOllama(server: Server, model: string): Promise<Details> {
  const shown = await getOptional(server, `${rootOf(server)}/api/show`, JSON.stringify({ model }));
  if (shown === undefined) return {};
  const capabilities = asList(shown["capabilities"]);
  const info = isRecord(shown["model_info"]) ? shown["model_info"] : {};
  const contextTokens = readCount(Object.entries(info).find(([key]) => key.endsWith(".context_length"))?.[1]);
  const embeds = capabilities.includes("embedding");
  const dimensions = readCount(Object.entries(info).find(([key]) => key.endsWith(".embedding_length"))?.[1]);
  return {
    ...(capabilities.length === 0 ? {} : { abilities: embeds ? embeddingAbilities : readAbilities(capabilities) }),
    ...(embeds && dimensions !== undefined ? { dimensions } : {}),
    ...(contextTokens === undefined ? {} : { contextTokens }),
  };
}

function readAbilities(capabilities: readonly unknown[]): ModelOffer["abilities"] {
  return {
    tools: capabilities.includes("tools"),
    images: capabilities.includes("vision"),
    reasoning: capabilities.includes("thinking"),
    ...(capabilities.includes("insert") ? { infill: true } : {}),
  };
}

async function getOptional(server: Server, url: string, body?: string): Promise<Fields | undefined> {
  try {
    return await getJson(server, url, body);
  } catch {
    // Only some servers have this address.
    return undefined;
  }
}

async function getJson(server: Server, url: string, body?: string): Promise<Fields> {
  try {
    const response = await request(url, {
      dispatcher: server.dispatcher,
      headers: { ...server.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      signal: AbortSignal.timeout(probeLimitMs),
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) throw new Error("the answer is no JSON object");
    return value;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new AppError("source_failed", `The model server did not answer at ${url}: ${reason}.`, { cause });
  }
}

function rootOf(server: Server): string {
  return server.baseUrl.replace(/\/v1$/, "");
}

function readCount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
