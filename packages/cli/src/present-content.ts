// Shows what was kept of a request as the conversation that it was.

import type { RequestContent } from "@auxot/wire/operations/request-log";
import { formatCell } from "./cells.ts";

type Thing = Readonly<Record<string, unknown>>;

export function renderContent({ requestId, at, keyId, level, expiresAt, ...content }: RequestContent): string {
  const { request, answer, truncated } = content;
  const { messages, ...settings } = request;
  const facts = Object.entries(settings).filter(([, value]) => !isEmpty(value));
  return [
    `${requestId} of ${formatCell("at", at)}, by the key ${keyId}`,
    `Kept: ${level}, until ${formatCell("at", expiresAt)}${truncated ? ", cut where it was too long" : ""}`,
    ...facts.map(([name, value]) => `${name}: ${toText(value)}`),
    ...(Array.isArray(messages) ? messages.flatMap((message: Thing) => renderMessage(message)) : []),
    ...(answer === null ? ["", "There is no answer: the request failed."] : renderAnswer(answer)),
    "",
  ].join("\n");
}

function renderAnswer({ content, ...facts }: Thing): readonly string[] {
  return [
    ...renderMessage({ role: "the answer", content }),
    "",
    ...Object.entries(facts).map(([name, value]) => `${name}: ${toText(value)}`),
  ];
}

function renderMessage({ role, content, ...rest }: Thing): readonly string[] {
  const parts = Array.isArray(content) ? (content as readonly Thing[]) : [];
  const facts = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  return [
    "",
    `${String(role)}:${facts.map(([name, value]) => ` ${name}=${toText(value)}`).join("")}`,
    ...parts.flatMap((part) => renderPart(part)),
  ];
}

/** A text as its lines; anything else by its kind and fields. */
function renderPart({ type, text, ...rest }: Thing): readonly string[] {
  const facts = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  const said = typeof text === "string" ? text.split("\n").map((line) => `  ${toText(line)}`) : [];
  const kind = type === "text" && facts.length === 0 ? [] : [`  [${String(type)}${facts.map(sayFact).join("")}]`];
  return [...kind, ...said];
}

function sayFact([name, value]: readonly [string, unknown]): string {
  return ` ${name}=${toText(value)}`;
}

function toText(value: unknown): string {
  return formatCell("", typeof value === "object" && value !== null ? JSON.stringify(value) : value);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}
