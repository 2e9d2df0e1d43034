// What the scripted vendors of these tests have in common: a conversation as a vendor sees it, the next thing the model does
// in it, and the format both are told in. Shares no code with the dialects it tests.

/** What a vendor reads from a request, in its order. */
export type Conversation = {
  readonly model: string;
  readonly isStream: boolean;
  /** The request asks the model to reason. */
  readonly wantsReasoning: boolean;
  /** As `nameOf` writes them. */
  readonly toolNames: readonly string[];
  /** The model's calls and reasoning as the client sent them back. */
  readonly callIds: readonly string[];
  readonly reasoning: readonly string[];
  readonly results: readonly { readonly callId: string; readonly text: string }[];
};

export type Call = {
  readonly id: string;
  /** For tools declared in a namespace. */
  readonly namespace?: string;
  readonly name: string;
  /** An object, or the free text of a custom tool. */
  readonly input: object | string;
};

/** One answer of the model. */
export type Step = { readonly reasoning?: string; readonly text?: string; readonly calls?: readonly Call[] };

/** Says the next step. Throws when the conversation is not what it should be. */
export type Script = (conversation: Conversation) => Step;

/** A vendor's public format. */
export type VendorFormat = {
  readonly dialect: "openai-chat" | "openai-responses" | "anthropic-messages";
  readonly path: string;
  /** Throws where the vendor would answer 400. */
  readConversation(body: unknown): Conversation;
  /** The frames of a streamed answer; `id` is one no other answer has. */
  writeStream(model: string, step: Step, id: string): readonly string[];
};

/** What every answer says it used. */
export const usedTokens = { input: 1200, cached: 1000, output: 40 } as const;

/** `text` in pieces of `size` characters, as vendors stream it. */
export function cut(text: string, size: number): string[] {
  return text.match(new RegExp(`[^]{1,${size}}`, "gu")) ?? [];
}

/** The name of a tool where a format has no namespaces. */
export function nameOf({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}__${name}`;
}

/** The arguments of a call where a format has no custom tools. */
export function writeArguments({ input }: Call): string {
  return JSON.stringify(typeof input === "string" ? { input } : input);
}

/** What a vendor gives along with reasoning, to know it again. */
export function sealReasoning(text: string): string {
  return `seal-${Buffer.from(text).toString("base64")}`;
}

/** Vendors take reasoning back only as they gave it. */
export function checkSeal(text: string, seal: string | undefined): string {
  if (seal !== sealReasoning(text))
    throw new Error(`the reasoning ${JSON.stringify(text)} comes with the seal ${seal}`);
  return text;
}
