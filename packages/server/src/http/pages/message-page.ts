// Pages the router writes itself, because they tell what it alone knows: what went wrong with an address that somebody
// opened, and what a test of single sign-on found. Everything in them is text.

import type { ServerResponse } from "node:http";
import { setPageHeaders } from "./page-headers.ts";

export type Message = {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly links: readonly { readonly to: string; readonly text: string }[];
};

export function sendMessagePage(response: ServerResponse, status: number, message: Message): void {
  const text = renderMessage(message);
  setPageHeaders(response);
  response.setHeader("cache-control", "no-store");
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

export function renderMessage({ title, paragraphs, facts = [], links }: Message): string {
  return [
    '<!doctype html>\n<html lang="en">\n<head>',
    '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escape(title)} · Auxot</title>`,
    '<link rel="icon" href="/pages/icon.svg">\n<link rel="stylesheet" href="/pages/style.css">',
    '</head>\n<body>\n<header class="top"><a href="/">Auxot</a></header>\n<main>',
    `<h1>${escape(title)}</h1>`,
    ...paragraphs.map((paragraph) => `<p>${escape(paragraph)}</p>`),
    ...(facts.length === 0
      ? []
      : [
          '<dl class="facts">',
          ...facts.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`),
          "</dl>",
        ]),
    '<p class="actions">',
    ...links.map(({ to, text }) => `<a class="button" href="${escape(to)}">${escape(text)}</a>`),
    "</p>\n</main>\n</body>\n</html>\n",
  ].join("\n");
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
