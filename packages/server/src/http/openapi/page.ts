// Writes the page of the administrative API from its OpenAPI document, as HTML without scripts. Pure.

import type { JsonSchema } from "@auxot/wire/operations/describe";
import { explainSchema } from "@auxot/wire/operations/schema-words";
import type { DocumentedOperation, OpenapiDocument, Parameter } from "./document.ts";
import { buildCurl, findBody, resolveParameters } from "./example.ts";

type Entry = { readonly method: string; readonly path: string; readonly operation: DocumentedOperation };

export function renderPage(document: OpenapiDocument, style: string): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    entries: entries.filter((one) => one.operation.tags[0] === name),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Auxot API ${escape(document.info.version)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
${renderHeader(document)}
<nav aria-label="Operations">
<ul>
${groups.map(renderNavigation).join("\n")}
<li><a href="#schemas">What answers hold</a></li>
</ul>
</nav>
<main id="content" tabindex="-1">
${groups.map((group) => renderGroup(group, document)).join("\n")}
<section aria-labelledby="schemas">
<h2 id="schemas"><a href="#schemas">What answers hold</a></h2>
${Object.entries(document.components.schemas)
  .filter(([name]) => !name.endsWith("Input") && !name.endsWith("Page"))
  .map(([name, schema]) => renderSchema(name, schema))
  .join("\n")}
</section>
</main>
<footer><p>Auxot ${escape(document.info.version)}. This page is made of <a href="/openapi.json">/openapi.json</a>.</p></footer>
</body>
</html>
`;
}

function renderHeader({ info, components }: OpenapiDocument): string {
  const paragraphs = String(info["description"]).split("\n\n");
  const errors = Object.entries(components.responses).map(
    ([code, response]) =>
      `<tr><th scope="row">${renderName(code)}</th><td>${inline((response as { description: string }).description)}</td></tr>`,
  );
  return `<header>
<h1>${escape(String(info["title"]))}</h1>
${paragraphs.map((text) => `<p>${inline(text)}</p>`).join("\n")}
<p>Send your key as <code>Authorization: Bearer KEY</code> or <code>x-api-key: KEY</code>. In the lines below it stands in
<code>AUXOT_KEY</code>, and the router's address in <code>AUXOT_URL</code>. For programs the same is at
<a href="/openapi.json">/openapi.json</a>.</p>
<table>
<caption>What can go wrong: <code>code</code> in the answer</caption>
<thead><tr><th scope="col">Code</th><th scope="col">Means</th></tr></thead>
<tbody>${errors.join("\n")}</tbody>
</table>
</header>`;
}

function renderNavigation({ name, entries }: { readonly name: string; readonly entries: readonly Entry[] }): string {
  const links = entries.map(
    ({ operation: { operationId: id } }) => `<li><a href="#${escape(id)}">${escape(id)}</a></li>`,
  );
  return `<li><a href="#${escape(name)}">${escape(name)}</a><ul>${links.join("")}</ul></li>`;
}

function renderGroup(
  { name, entries }: { readonly name: string; readonly entries: readonly Entry[] },
  document: OpenapiDocument,
): string {
  return `<section aria-labelledby="${escape(name)}">
<h2 id="${escape(name)}"><a href="#${escape(name)}">${escape(name)}</a></h2>
${entries.map((entry) => renderOperation(entry, document)).join("\n")}
</section>`;
}

function renderOperation({ method, path, operation }: Entry, document: OpenapiDocument): string {
  const id = escape(operation.operationId);
  const parameters = resolveParameters(operation, document);
  return `<article aria-labelledby="${id}">
<h3 id="${id}"><a href="#${id}">${id}</a></h3>
<p><span class="method ${method.toLowerCase()}">${method}</span> <code>${escape(path)}</code></p>
<p>${inline(operation.summary)}</p>
<p class="quiet">${inline(operation.description)}</p>
${renderFields(parameters, findBody(operation, document))}
<figure><figcaption>With curl</figcaption><pre><code>${escape(buildCurl(method, path, operation, document))}</code></pre></figure>
<figure><figcaption>On the command line</figcaption><pre><code>npx ${escape(operation["x-auxot-command"])}</code></pre></figure>
<p>Answers with ${renderAnswer(operation)}.</p>
</article>`;
}

/** The common parameters of writes are told once, at the top. */
function renderFields(parameters: readonly Parameter[], body: JsonSchema | undefined): string {
  const rows = [
    ...parameters
      .filter(({ name }) => name !== "dryRun" && name !== "Idempotency-Key")
      .map(({ name, in: place, required, schema, description }) =>
        renderField(name, place, required === true, {
          ...schema,
          ...(description === undefined ? {} : { description }),
        }),
      ),
    ...Object.entries(body?.properties ?? {}).map(([name, schema]) =>
      renderField(name, "body", (body?.required ?? []).includes(name), schema),
    ),
  ];
  if (rows.length === 0) return "";
  return `<table>
<caption>Fields</caption>
<thead><tr><th scope="col">Name</th><th scope="col" class="place">In</th><th scope="col">Takes</th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table>`;
}

function renderField(name: string, place: string, isRequired: boolean, schema: JsonSchema): string {
  const needed = isRequired ? ' <span class="needed">required</span>' : "";
  return `<tr><th scope="row">${renderName(name)}${needed}</th><td class="place">${place}</td><td>${renderType(schema)}</td></tr>`;
}

function renderType(schema: JsonSchema): string {
  const told = schema.description === undefined ? "" : `${inline(schema.description)}<br>`;
  const usual =
    schema.default === undefined ? "" : `; without it <code>${escape(JSON.stringify(schema.default))}</code>`;
  return `${told}<span class="quiet">${linkSchemas(escape(explainSchema(schema)))}${usual}</span>`;
}

function renderAnswer({ responses }: DocumentedOperation): string {
  const { content } = responses["200"] as { content: { "application/json": { schema: JsonSchema } } };
  const { schema } = content["application/json"];
  const names = (schema.anyOf ?? [schema]).map(({ $ref }) => $ref?.split("/").at(-1) ?? "");
  return names.map(linkAnswer).join(", with dryRun=true ");
}

/** A page is told by what is in it. */
function linkAnswer(name: string): string {
  const item = name.replace(/Page$/, "");
  return `${item === name ? "" : "a page of "}<a href="#schema-${escape(item)}">${escape(item)}</a>`;
}

function renderSchema(name: string, schema: JsonSchema): string {
  const rows = Object.entries(schema.properties ?? {}).map(
    ([field, of]) => `<tr><th scope="row">${renderName(field)}</th><td>${renderType(of)}</td></tr>`,
  );
  const id = `schema-${escape(name)}`;
  return `<article aria-labelledby="${id}">
<h3 id="${id}"><a href="#${id}">${escape(name)}</a></h3>
${
  rows.length === 0
    ? `<p>${renderType(schema)}</p>`
    : `<table><caption>Fields of ${escape(name)}</caption><thead><tr><th scope="col">Name</th><th scope="col">Holds</th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`
}
</article>`;
}

/** Names of schemas stand in words such as `list of: Key`. */
function linkSchemas(text: string): string {
  return text.replaceAll(/(^|: |or )([A-Z]\w+)(?=$|,)/g, '$1<a href="#schema-$2">$2</a>');
}

/** Long names break between their words. */
function renderName(name: string): string {
  return `<code>${escape(name).replaceAll(/_|(?<=[a-z])(?=[A-Z])/g, "$&<wbr>")}</code>`;
}

/** Only `code` of Markdown is used in descriptions. */
function inline(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
