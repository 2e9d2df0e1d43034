// How a scripted vendor of the matrix test looks, and the server that plays it: raw bytes in odd pieces, or a cut.

import type { ServerResponse } from "node:http";
import type { DialectName } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import type { CloudRequest } from "../harness/fake-cloud.ts";
import type { AskName, Failure, Scenario } from "./scenarios.ts";

export type Fields = Readonly<Record<string, unknown>>;

export type VendorScript = {
  readonly dialect: DialectName;
  readonly model: string;
  /** The JSON of a whole answer; of `inside`, what the vendor sends where it fails after the status. */
  writeAnswer(scenario: Scenario): string;
  /** The bytes of a stream; of `inside`, up to and with the vendor's word of its failure. */
  writeStream(scenario: Scenario): string;
  /** True where the vendor just drops the connection when it fails inside an answer. */
  readonly cuts: { readonly stream: boolean; readonly whole: boolean };
  readonly refusals: Readonly<Record<Exclude<Failure, "inside">, { readonly status: number; readonly body: string }>>;
  /** What the scenario's answer reports. */
  usageOf(scenario: Scenario): Usage;
  /** The body a caller of another dialect makes us send, `model` and `stream` left out. */
  expectRequest(ask: AskName, caller: DialectName): Fields;
  /** What the vendor says went wrong inside an answer. */
  readonly insideMessage: { readonly stream: RegExp; readonly whole: RegExp };
};

/** Small and of no round size, so that characters and frames are split. */
const pieceBytes = 61;

/** Answers `request` as the script says. */
export async function playScript(
  script: VendorScript,
  scenario: Scenario,
  request: CloudRequest,
  response: ServerResponse,
): Promise<void> {
  const { failure } = scenario;
  if (failure === "context-full" || failure === "rate-limit") {
    const { status, body } = script.refusals[failure];
    const wait = failure === "rate-limit" ? { "retry-after": "7" } : {};
    response.writeHead(status, { "content-type": "application/json", ...wait }).end(body);
    return;
  }
  const { stream } = JSON.parse(request.body) as { stream?: boolean };
  const bytes = Buffer.from(stream === true ? script.writeStream(scenario) : script.writeAnswer(scenario));
  const cut = failure === "inside" && script.cuts[stream === true ? "stream" : "whole"];
  response.writeHead(200, { "content-type": stream === true ? "text/event-stream" : "application/json" });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await new Promise((resolve) => response.write(bytes.subarray(at, at + pieceBytes), resolve));
  }
  if (cut) response.destroy();
  else response.end();
}

/** One SSE event as OpenAI's Responses and Anthropic write them: the type stands in both lines. */
export function writeEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
