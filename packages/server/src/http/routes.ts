// Every path of the router on one screen.

import type { Dialect, ServeSide } from "@auxot/dialects/dialect";
import { dialects } from "@auxot/dialects/dialects";
import type { DialectName } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { Caller } from "../platform/caller.ts";
import type { RunOperation } from "../operations/run.ts";
import type { RouteRules } from "../inference/route-rules.ts";
import type { Offer } from "../sources/source.ts";
import { handleChat, type ChatDeps } from "./chat.ts";
import { handleCompletions } from "./completions.ts";
import { authenticate, authenticateInference, readPresentedKeys, type Context, type Identify } from "./context.ts";
import { handleEmbeddings, type EmbeddingsDeps } from "./embeddings.ts";
import { handleIdentity, isIdentityPath, type IdentityRouteDeps } from "./identity.ts";
import { handleHealth, handleReady, type Readiness } from "./health.ts";
import { handleCountTokens, type CountTokensDeps } from "./count-tokens.ts";
import { handleMetrics, type MetricsPage } from "./metrics.ts";
import { findModel, listModels } from "./models.ts";
import { handleApiPage, handleOpenapi, type ApiDocuments } from "./openapi/documents.ts";
import type { OperationTable } from "./operation-table.ts";
import { checkMethod, handleOperation } from "./operations.ts";
import { wantsPage } from "./pages/page-headers.ts";
import type { Pages } from "./pages/pages.ts";
import { handleResponses, type ResponsesDeps } from "./responses.ts";
import { handleScim, isScimPath } from "./scim.ts";
import { decodePathPart, readRoutePath } from "./route-path.ts";
import { sendJson } from "./send-json.ts";
import { handleUsageExport, type UsageExportDeps } from "./usage-export.ts";
import { handleCancel, handleDelete, handleInputItems, handleRetrieve } from "./stored-responses.ts";

export type RouteDeps = ChatDeps &
  CountTokensDeps &
  EmbeddingsDeps &
  IdentityRouteDeps &
  ResponsesDeps &
  UsageExportDeps & {
    readonly identify: Identify;
    offers(): readonly Offer[];
    rulesFor(caller: Caller): RouteRules;
    readonly readiness: Readiness;
    /** Absent: there is no such page. */
    readonly metrics?: MetricsPage;
    readonly operations: OperationTable;
    readonly apiDocuments: ApiDocuments;
    readonly pages: Pages;
    readonly runOperation: RunOperation;
  };

/** `dialect` is the one errors are written in; undefined: problem details. */
export type Route = {
  readonly dialect: { readonly serve: Pick<ServeSide, "encodeError" | "encodeAllowance"> } | undefined;
  handle(context: Context): Promise<void> | void;
};

export function findRoute(deps: RouteDeps, method: string, url: URL, isAnthropic: boolean): Route {
  const path = readRoutePath(url.pathname);
  if (path.dialect === undefined) return { dialect: undefined, handle: (context) => handleOwn(deps, method, context) };
  const models = path.endpoint === "models" || path.endpoint.startsWith("models/");
  // At the root both vendors have /v1/models: the caller's headers tell which shape it reads.
  const dialect =
    dialects[models && url.pathname.startsWith("/v1") && isAnthropic ? "anthropic-messages" : path.dialect];

  if (/^responses(\/|$)/.test(path.endpoint)) return findResponsesRoute(deps, method, path.endpoint, url.pathname);

  switch (`${method} ${models ? "models" : path.endpoint}`) {
    case "POST chat/completions":
      return chat(dialects["openai-chat"]);
    case "POST messages/count_tokens":
      return {
        dialect: dialects["anthropic-messages"],
        handle: async (context) =>
          handleCountTokens(deps, context, await authenticateInference(context, deps.identify)),
      };
    case "POST messages":
      return chat(dialects["anthropic-messages"]);
    case "POST completions":
      return {
        dialect: dialects["openai-chat"],
        handle: async (context) =>
          handleCompletions(deps, context, await authenticateInference(context, deps.identify)),
      };
    case "POST embeddings":
      return {
        dialect: dialects["openai-chat"],
        handle: async (context) => handleEmbeddings(deps, context, await authenticateInference(context, deps.identify)),
      };
    case "GET models":
      return { dialect, handle: (context) => handleModels(deps, dialect.name, path.endpoint, context) };
    default:
      return { dialect, handle: () => refuse(method, url.pathname, path.endpoint) };
  }

  function chat(spoken: Dialect): Route {
    return {
      dialect: spoken,
      handle: async (context) => handleChat(deps, spoken, context, await authenticateInference(context, deps.identify)),
    };
  }
}

/** `responses`, `responses/{id}` and what is below an id. */
function findResponsesRoute(deps: RouteDeps, method: string, endpoint: string, pathname: string): Route {
  const [, part = "", below = "", ...more] = endpoint.split("/");
  const id = decodePathPart(part);
  const shape = ["responses", part === "" ? "" : "/{id}", below === "" ? "" : `/${below}`, ...more].join("");
  switch (`${method} ${shape}`) {
    case "POST responses":
      return answer((context, caller) => handleResponses(deps, context, caller));
    case "GET responses/{id}":
      return answer((context, caller) => handleRetrieve(deps, context, caller, id));
    case "DELETE responses/{id}":
      return answer((context, caller) => handleDelete(deps, context, caller, id));
    case "GET responses/{id}/input_items":
      return answer((context, caller) => handleInputItems(deps, context, caller, id));
    case "POST responses/{id}/cancel":
      return answer((context, caller) => handleCancel(deps, context, caller, id));
    default:
      return { dialect: dialects["openai-responses"], handle: () => refuse(method, pathname, shape) };
  }

  function answer(handle: (context: Context, caller: Caller) => Promise<void>): Route {
    return {
      dialect: dialects["openai-responses"],
      handle: async (context) => handle(context, await authenticateInference(context, deps.identify)),
    };
  }
}

async function handleOwn(deps: RouteDeps, method: string, context: Context): Promise<void> {
  const { pathname } = context.url;
  if (isScimPath(pathname)) return handleScim(deps.identity.scim, method, context);
  if (isIdentityPath(pathname)) return handleIdentity(deps, method, context);
  const page = findOwnPage(deps, context);
  if (page !== undefined) {
    if (checkMethod(context, ["GET"]) === "good") return page(context);
    return;
  }
  const { found, allowed } = deps.operations.find(method, pathname);
  if (allowed.length === 0) {
    throw new AppError(
      "not_found",
      `There is nothing at ${pathname}. The API is at /v1 (OpenAI and Anthropic), health at /api/health, administration as /api/docs tells.`,
    );
  }
  if (checkMethod(context, allowed) === "answered" || found === undefined) return;
  const caller = await authenticatePerson(deps, context);
  return handleOperation(found, { run: deps.runOperation, context, caller });
}

/** Pages that are no operation. */
function findOwnPage(
  deps: RouteDeps,
  { url: { pathname }, request }: Context,
): ((context: Context) => Promise<void> | void) | undefined {
  switch (pathname) {
    // Programs are told where the API is.
    case "/":
      return wantsPage(request) ? deps.pages.find(pathname) : undefined;
    case "/api/health":
    case "/api/hello":
      return handleHealth;
    case "/api/ready":
      return (context) => handleReady(deps.readiness, context);
    case "/metrics": {
      const { metrics, identify } = deps;
      return metrics === undefined ? undefined : (context) => handleMetrics(metrics, identify, context);
    }
    case "/api/usage/export":
      return async (context) => handleUsageExport(deps, context, await authenticatePerson(deps, context));
    case "/openapi.json":
      return (context) => handleOpenapi(deps.apiDocuments, context);
    case "/api/docs":
      return (context) => handleApiPage(deps.apiDocuments, context);
    default:
      return deps.pages.find(pathname);
  }
}

/** A key, or the session of somebody signed in: sessions are for the administrative API, not for inference. */
async function authenticatePerson(deps: RouteDeps, context: Context): Promise<Caller> {
  const { request } = context;
  if (readPresentedKeys(request).length === 0) {
    const caller = await deps.identity.identifyCaller(request.headers.cookie);
    if (caller !== undefined) {
      if (request.method !== "GET" && request.method !== "HEAD") deps.checkOrigin(request);
      return caller;
    }
  }
  return authenticate(context, deps.identify);
}

async function handleModels(deps: RouteDeps, dialect: DialectName, endpoint: string, context: Context): Promise<void> {
  const rules = deps.rulesFor(await authenticateInference(context, deps.identify));
  const id = endpoint.slice("models/".length);
  const body =
    id === ""
      ? listModels(deps.offers(), dialect, context.url.searchParams, rules)
      : findModel(deps.offers(), dialect, decodePathPart(id), rules);
  sendJson(context.response, 200, body);
}

function refuse(method: string, pathname: string, endpoint: string): never {
  const wanted = {
    "chat/completions": "POST",
    responses: "POST",
    completions: "POST",
    embeddings: "POST",
    "responses/{id}": "GET or DELETE",
    "responses/{id}/input_items": "GET",
    "responses/{id}/cancel": "POST",
    messages: "POST",
    "messages/count_tokens": "POST",
    models: "GET",
  }[endpoint];
  if (wanted !== undefined)
    throw new AppError("method_not_allowed", `${method} ${pathname} does not exist. Use ${wanted}.`);
  throw new AppError("not_found", `${method} ${pathname} does not exist on this router.`);
}
