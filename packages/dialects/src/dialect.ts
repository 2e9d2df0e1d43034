// The shape of a dialect: one public chat format with two sides, `serve` (we answer in it) and `call` (we speak it to an
// upstream). Pure: no I/O, no clock, no randomness. Encoders and decoders are push-based, so that what arrived in one
// read leaves as one write.

import type { AnswerBatch, ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest, ChatResult, DialectName, DocumentPart, FormatName, ImagePart } from "@auxot/wire/chat";
import type { AppError, ErrorBody } from "@auxot/wire/errors";
import type { Allowance } from "@auxot/wire/limit";
import type { ModelTraits } from "@auxot/wire/model-traits";
import type { OpenProof } from "./reasoning-proof.ts";

/** What an answer says of itself. `id` has the dialect's `answerIdPrefix`. */
export type AnswerMeta = {
  readonly id: string;
  /** Unix time in seconds. */
  readonly createdAt: number;
  /** The model that served the request. */
  readonly model: string;
  readonly includeUsage: boolean;
  readonly requestId: string;
  /** What is answered: some formats repeat parts of it and write calls as its tools were declared. */
  readonly request: ChatRequest;
};

/** Gives whole frames as text, "" when there is nothing to send yet. Each answer has its own encoder. */
export type StreamEncoder = {
  encode(events: readonly ChatEvent[]): string;
  /** Whole frames of an upstream that were sent on as they came: what is encoded later follows them. */
  onPassed?(bytes: Uint8Array): void;
  /** A frame that keeps a silent connection open. */
  ping(): string;
};

/** Takes bytes split anywhere. Never throws on what an upstream sends. */
export type StreamDecoder = {
  push(bytes: Uint8Array): readonly ChatEvent[];
  /** Everything the answer needs is there, though `end` may wait for a formality, such as usage or `[DONE]`. */
  isComplete(): boolean;
  /** At the end of the bytes: [] after a proper end, otherwise one `error` event (`source_failed`). */
  finish(): readonly ChatEvent[];
};

/** Passes frames of the caller's own dialect on, whole and unchanged, and reads from them only what the router must know. */
export type StreamScanner = {
  push(bytes: Uint8Array): AnswerBatch | undefined;
  /** As a decoder's. */
  isComplete(): boolean;
  finish(): AnswerBatch | undefined;
};

export type EncodedError = { readonly status: number; readonly body: string };

export type ServeSide = {
  /** Throws `invalid_request` with `param`; unknown fields are kept in `unknownFields`. */
  parseRequest(body: Uint8Array): ChatRequest;
  createStreamEncoder(meta: AnswerMeta): StreamEncoder;
  /** JSON text of a whole answer. */
  encodeResult(result: ChatResult, meta: AnswerMeta): string;
  /** JSON text of the error envelope. */
  encodeError(error: ErrorBody, requestId: string): EncodedError;
  /** Headers that tell what the caller's limits leave to it, by lower-case name. `now` is milliseconds since 1970. */
  encodeAllowance(allowance: Allowance, now: number): Readonly<Record<string, string>>;
};

export type UpstreamRequest = {
  /** Below the base URL as the vendor's own SDK takes it, e.g. `/chat/completions`. */
  readonly path: string;
  readonly body: string;
  /** What the format could not carry, one sentence each, naming the field. */
  readonly warnings: readonly string[];
  /** A tool whose input is the answer. With it or `toolNames`, pass what comes back through `createAnswerRestorer`. */
  readonly answerTool?: string;
  /** The caller's names of tools by those that were sent. */
  readonly toolNames?: ReadonlyMap<string, string>;
};

export type CallTarget = {
  readonly model: string;
  readonly stream: boolean;
  /** What the model takes. Dialects know no names of models. */
  readonly traits: ModelTraits;
  /** SHA-256 in hexadecimal: dialects have no cryptography of their own. */
  hash(text: string): string;
};

/** An image or document that the caller gave as an address. */
export type RemotePart = (ImagePart | DocumentPart) & { readonly source: { readonly type: "url" } };

export type CallSide = {
  /** Whether the vendor does not fetch such a part by itself: it must be given the bytes. */
  needsBytes(part: RemotePart): boolean;
  buildRequest(request: ChatRequest, target: CallTarget): UpstreamRequest;
  /** The caller's own bytes with only the model replaced; the rest is the same byte for byte. */
  rewriteModel(body: Uint8Array, model: string): Uint8Array;
  /** The caller's own bytes with its reasoning tokens opened; what `open` refuses is left out, all else says the same. */
  rewriteReasoning(body: Uint8Array, open: OpenProof): Uint8Array;
  /** The caller's own bytes, asking for usage in the stream as well; undefined where they may say something of it already. */
  askForUsage?(body: Uint8Array): Uint8Array | undefined;
  /** Headers that carry the credential and the version the format demands. */
  buildHeaders(apiKey: string): Readonly<Record<string, string>>;
  createStreamDecoder(): StreamDecoder;
  /** `hidesUsage`: takes out the chunk that `askForUsage` asked for. */
  createStreamScanner(hidesUsage?: boolean): StreamScanner;
  /** Throws `source_failed` when the body is not an answer. */
  decodeResult(body: Uint8Array): ChatResult;
  /** Never `unauthenticated` or `forbidden`: a fault of our credential is `source_failed`, not the caller's. `headers` are lower case; `now` is the wall clock in ms, for HTTP dates in retry-after. */
  decodeError(
    status: number,
    headers: Readonly<Record<string, string | undefined>>,
    body: Uint8Array,
    now: number,
  ): AppError;
};

/** What answering and calling need of a format, however its requests are read. */
export type Format = {
  readonly name: FormatName;
  readonly answerIdPrefix: string;
  /** Where a call goes below the base URL. */
  readonly chatPath: string;
  readonly serve: Omit<ServeSide, "parseRequest">;
  readonly call: CallSide;
};

export type Dialect = Format & {
  readonly name: DialectName;
  /** Where a request's tokens are counted below the base URL; absent where the format has no way to. */
  readonly countPath?: string;
  /** Where the list of models is below the base URL. */
  readonly modelsPath: string;
  readonly serve: ServeSide;
};
