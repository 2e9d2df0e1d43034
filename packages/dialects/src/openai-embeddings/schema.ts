// The wire format of OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings), as far as we write
// it. It carries all of our words.

export type OpenaiEmbedding = {
  readonly object: "embedding";
  readonly index: number;
  /** Numbers, or base64 of little-endian 32-bit floats, as `encoding_format` asked. */
  readonly embedding: readonly number[] | string;
};

export type OpenaiEmbeddings = {
  readonly object: "list";
  readonly data: readonly OpenaiEmbedding[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
};
