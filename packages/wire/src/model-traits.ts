// What a model takes and can do, as data: the words in which the model table speaks to the dialects. Names of models stand
// only in the table, never in code.

import { z } from "zod";
import { reasoningEfforts } from "./chat.ts";

export const samplingParameters = [
  "temperature",
  "top_p",
  "top_k",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "stop",
] as const;
/** A parameter that some models refuse, by its name in the public formats. */
export type SamplingParameter = (typeof samplingParameters)[number];

const countSchema = z.int("must be a whole number").positive("must be 1 or more");
const flag = z.boolean();
const parametersSchema = z.array(z.enum(samplingParameters, `must be of ${samplingParameters.join(", ")}`));

const limitShape = {
  /** Prompt and answer together, in tokens. Absent when unknown. */
  contextTokens: countSchema.exactOptional(),
  /** The most it writes in one answer, reasoning included. Absent when unknown. */
  maxOutputTokens: countSchema.exactOptional(),
  /** The least it may be limited to (OpenAI's Responses). */
  minOutputTokens: countSchema.exactOptional(),
  /** Most stop sequences in one request. Absent: no limit. */
  maxStops: countSchema.exactOptional(),
  /** Longest name of an end user, in characters. Absent: no limit. */
  maxUserLength: countSchema.exactOptional(),
  /** Longest name of a tool, in characters. Absent: any name is sent as it is. */
  maxToolNameLength: countSchema.exactOptional(),
  /** Longest id of a tool call in Chat Completions, in characters. Absent: any id is taken as it is. */
  maxToolIdLength: countSchema.exactOptional(),
};

const requiredShape = {
  tools: flag,
  images: flag,
  /** PDFs and other files. */
  documents: flag,
  /** How it is asked to think: not at all, by an effort, by a budget of tokens, or left to decide (with an effort). */
  thinking: z.enum(["none", "effort", "budget", "adaptive"], "must be none, effort, budget or adaptive"),
  /** It thinks when the request says nothing of it. */
  thinksByDefault: flag,
  /** How it is told not to think: by leaving the field out, by saying so, or never. With `effort` the effort "none" says so. */
  thinkingOff: z.enum(["omitted", "asked", "never"], "must be omitted, asked or never"),
  /** In Chat Completions it is told not to think by a field of its own, `thinking` (DeepSeek), and not by an effort. */
  thinkingSwitch: flag,
  /** The efforts it knows. */
  efforts: z.array(z.enum(reasoningEfforts, `must be of ${reasoningEfforts.join(", ")}`)),
  /** What it always refuses. */
  refuses: parametersSchema,
  /** What it refuses besides while it thinks. */
  refusesWhileThinking: parametersSchema,
  /** It takes one of the two, not both. */
  temperatureOrTopP: flag,
  /** When a tool call may be forced. */
  forcedTools: z.enum(["always", "without-thinking", "never"], "must be always, without-thinking or never"),
  /** Tools in Chat Completions: some models take them there without reasoning only, or in the Responses format only. */
  chatTools: z.enum(["any", "without-effort", "none"], "must be any, without-effort or none"),
  /** It takes `strict` tools. */
  strictTools: flag,
  /** It writes by a JSON schema. Otherwise a forced tool takes the schema. */
  structuredOutput: flag,
  /** What it does with a last message that is the assistant's: goes on with it, answers anew, or refuses. */
  prefill: z.enum(["continued", "ignored", "refused"], "must be continued, ignored or refused"),
  verbosity: flag,
  /** It takes `prompt_cache_key` in Chat Completions; in the Responses format every server knows it. */
  promptCacheKey: flag,
  /** In Chat Completions it takes its reasoning back (DeepSeek and its kin want it within a loop of tools). */
  reasoningBack: flag,
  /** In Messages it takes reasoning back that nobody signed, as DeepSeek wants it there. Anthropic refuses it. */
  unsignedReasoning: flag,
  /** It takes schemas by OpenAI's rules only: an object at a tool's top, strict ones closed. */
  openaiSchemas: flag,
  /** It takes the name of an end user (`user`, `metadata.user_id`). */
  endUser: flag,
  /** In Chat Completions it takes `stream_options`. Servers that refuse the field tell their usage without it. */
  streamOptions: flag,
  /** In Chat Completions: Mistral takes ids of tool calls of exactly nine letters and digits only. */
  toolIds: z.enum(["any", "nine-letters"], "must be any or nine-letters"),
  /** In Chat Completions a user message may follow a tool's result. Mistral wants the assistant between them. */
  userAfterTool: flag,
  /** In Chat Completions its calls carry proofs of thought and are refused without (Gemini 3 at Google itself). */
  signedCalls: flag,
  /** It takes OpenAI's `service_tier`. */
  serviceTier: flag,
  /** It takes the penalties in the Responses format too. */
  penaltiesInResponses: flag,
  maxTokensField: z.enum(["max_tokens", "max_completion_tokens"], "must be max_tokens or max_completion_tokens"),
  systemRole: z.enum(["system", "developer"], "must be system or developer"),
};

const traitsSchema = z.strictObject({ ...limitShape, ...requiredShape });
/** Everything a format has to know of a model. */
export type ModelTraits = z.infer<typeof traitsSchema>;

/** Some traits, each replacing what is known otherwise. */
export const traitsOverrideSchema = z.strictObject({ ...limitShape, ...makeOptional(requiredShape) });
export type TraitsOverride = z.infer<typeof traitsOverrideSchema>;

/** What a server that imitates a public format is taken to do when nothing is known of its model. */
export const defaultTraits: ModelTraits = {
  tools: true,
  images: true,
  documents: true,
  thinking: "effort",
  thinksByDefault: true,
  thinkingOff: "asked",
  thinkingSwitch: false,
  efforts: ["none", "low", "medium", "high"],
  refuses: [],
  refusesWhileThinking: [],
  temperatureOrTopP: false,
  forcedTools: "always",
  chatTools: "any",
  strictTools: true,
  structuredOutput: true,
  prefill: "continued",
  verbosity: false,
  promptCacheKey: false,
  reasoningBack: true,
  unsignedReasoning: true,
  openaiSchemas: false,
  endUser: true,
  streamOptions: true,
  toolIds: "any",
  userAfterTool: true,
  signedCalls: false,
  serviceTier: false,
  penaltiesInResponses: true,
  maxTokensField: "max_tokens",
  systemRole: "system",
};

type Optional<Shape extends z.core.$ZodLooseShape> = { [Name in keyof Shape]: z.ZodExactOptional<Shape[Name]> };

function makeOptional<Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape): Optional<Shape> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, schema.exactOptional()]),
  ) as Optional<Shape>;
}
