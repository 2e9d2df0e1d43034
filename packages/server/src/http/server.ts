// The HTTP edge: accepts connections, catches every error and writes it in the caller's dialect, upgrades workers, drains.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Server as NetServer, type AddressInfo } from "node:net";
import { AppError, errorCodes, toErrorBody } from "@auxot/wire/errors";
import type { Log } from "../platform/log.ts";
import type { Span, Telemetry } from "../platform/telemetry.ts";
import { createContext, readUrl, type Context } from "./context.ts";
import { InputError } from "../operations/read-input.ts";
import { encodeProblem } from "./operations.ts";
import { explainToPerson } from "./pages/explain-error.ts";
import { sendMessagePage } from "./pages/message-page.ts";
import { wantsPage } from "./pages/page-headers.ts";
import { partsPath } from "./pages/pages.ts";
import { nameRoute } from "./route-path.ts";
import { findRoute, type Route, type RouteDeps } from "./routes.ts";
import { sendJson } from "./send-json.ts";
import { createWorkerUpgrade, type WorkerUpgradeDeps } from "./workers.ts";

export type HttpServer = {
  /** Resolves with the bound port. Throws when the port is taken. */
  listen(host: string, port: number): Promise<number>;
  /** Refuses new requests with 503, lets running ones finish for up to `limitMs`, then cuts them off. */
  drain(limitMs: number): Promise<void>;
  /** Requests being answered. */
  running(): number;
};

/** Told of each request on its way out. */
export type EdgeObserver = {
  /** `route` is a pattern; `status` 499 when the caller left; `seconds` until the last byte was written. */
  onAnswered(route: string, method: string, status: number, seconds: number): void;
};

/** How long a refused upload may go on. */
const discardWithinMs = 30_000;
/** Asked every few seconds by load balancers: not worth a line each. */
const probePaths = new Set(["/api/health", "/api/ready", "/metrics"]);

export type HttpServerDeps = RouteDeps &
  WorkerUpgradeDeps & { readonly log: Log; readonly observer?: EdgeObserver; readonly telemetry?: Telemetry };

export function createHttpServer(deps: HttpServerDeps): HttpServer {
  const { observer } = deps;
  const isObserved = observer !== undefined || deps.telemetry !== undefined;
  const patterns = deps.operations.paths;
  let draining = false;
  const running = new Set<Promise<void>>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = readUrl(request.url ?? "/");
    const route = isObserved ? nameRoute(url.pathname, patterns) : "";
    const { log, isTrustedProxy } = deps;
    const context = createContext(request, response, { url, log, span: startSpan(request, route), isTrustedProxy });
    const startedAt = performance.now();
    let dialect: Route["dialect"];
    try {
      const isAnthropic = request.headers["anthropic-version"] !== undefined;
      const found = findRoute(deps, request.method ?? "GET", context.url, isAnthropic);
      dialect = found.dialect;
      if (draining && dialect !== undefined) {
        throw new AppError("no_capacity", "The router is stopping. Try again shortly.", { retryAfterMs: 5000 });
      }
      await found.handle(context);
    } catch (error) {
      sendError(context, dialect, error);
    }
    const ms = performance.now() - startedAt;
    logRequest(context, ms);
    if (isObserved) onAnswered(context, route, ms);
    await waitUntilSent(context);
  }

  function startSpan({ method = "", headers }: IncomingMessage, route: string): Span | undefined {
    if (deps.telemetry === undefined || probePaths.has(route)) return undefined;
    const caller = { traceparent: readHeader(headers["traceparent"]), tracestate: readHeader(headers["tracestate"]) };
    return deps.telemetry.startRequest(`${method} ${route}`, caller, {
      "http.request.method": method,
      "http.route": route,
    });
  }

  function onAnswered({ request, response, signal, links }: Context, route: string, ms: number): void {
    const status = signal.aborted ? errorCodes.cancelled.status : response.statusCode;
    observer?.onAnswered(route, request.method ?? "", status, ms / 1000);
    links.span?.set({ "http.response.status_code": status });
    links.span?.end(status >= 500 ? String(status) : undefined);
  }

  const server = createServer(
    { keepAliveTimeout: 75_000, noDelay: true, shouldUpgradeCallback: isWebSocket },
    (request, response) => {
      const work = handle(request, response).finally(() => running.delete(work));
      running.add(work);
    },
  );
  const workers = createWorkerUpgrade(deps);
  server.on("upgrade", (request, socket, head) => void workers(request, socket, head));

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    running: () => running.size,
    async drain(limitMs) {
      draining = true;
      // Only stops listening. The HTTP server's own close would cut off answers that are written but still on their way.
      NetServer.prototype.close.call(server);
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([Promise.allSettled(running), limit]);
      clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      await Promise.allSettled(running);
    },
  };
}

/** Clients that offer another protocol (Java's offers h2c with every request) are answered as if they had not. */
function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

function readHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A slow reader's answer is still on its way when everything was written. */
function waitUntilSent({ response }: Context): Promise<void> {
  if (response.writableFinished || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => response.once("close", resolve));
}

function sendError(context: Context, dialect: Route["dialect"], error: unknown): void {
  const { response, log, id } = context;
  const body = toErrorBody(error);
  context.summary["errorCode"] ??= body.code;
  if (body.code === "internal") log.error({ err: error }, "request failed");
  else if (errorCodes[body.code].status >= 500)
    log.warn({ code: body.code, reason: body.message, err: causeOf(error) }, "request failed");
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const passed = error instanceof AppError ? error.passed : undefined;
  for (const [name, value] of Object.entries(passed?.headers ?? {})) response.setHeader(name, value);
  // Clients read whole seconds only; vendors also send dates.
  if (body.retryAfterMs !== undefined && !/^\d+$/.test(String(response.getHeader("retry-after"))))
    response.setHeader("retry-after", Math.max(1, Math.ceil(body.retryAfterMs / 1000)));
  if (error instanceof AppError && dialect !== undefined) setLimitHeaders(response, error, dialect);
  if (errorCodes[body.code].status === 401) response.setHeader("www-authenticate", "Bearer");
  if (!context.request.complete) discardUpload(context.request);
  if (passed !== undefined) {
    log.info({ status: passed.status, headers: passed.headers }, "the provider's error was passed on");
    sendJson(response, passed.status, passed.body);
  } else if (dialect === undefined) {
    const message = wantsPage(context.request) ? explainToPerson(context.url.pathname, body, id) : undefined;
    if (message !== undefined) return sendMessagePage(response, errorCodes[body.code].status, message);
    const problem = encodeProblem(body, error instanceof InputError ? error.problems : [], id);
    sendJson(response, problem.status, problem.body, "application/problem+json");
  } else {
    const encoded = dialect.serve.encodeError(body, id);
    sendJson(response, encoded.status, encoded.body);
  }
}

/** What limits left to whom they refused. Official clients try again by themselves unless told that it is of no use. */
function setLimitHeaders(
  response: ServerResponse,
  { code, allowance, retryAfterMs, passed }: AppError,
  { serve }: NonNullable<Route["dialect"]>,
): void {
  if (allowance === undefined) return;
  for (const [name, value] of Object.entries(serve.encodeAllowance(allowance, Date.now()))) {
    response.setHeader(name, value);
  }
  if (passed === undefined && (code === "insufficient_quota" || retryAfterMs === undefined))
    response.setHeader("x-should-retry", "false");
}

/** Most callers read the answer only when they have sent everything: hanging up at once would keep it from them. */
function discardUpload(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), discardWithinMs).unref();
  request.once("close", () => clearTimeout(timer));
}

/** One line a request: what it asked, who, where it was answered, how it ended. */
function logRequest({ log, request, response, url, signal, summary }: Context, ms: number): void {
  const status = signal.aborted ? errorCodes.cancelled.status : response.statusCode;
  const fields = { method: request.method, path: url.pathname, ...summary, status, ms: Math.round(ms) };
  const isMinor = probePaths.has(url.pathname) || url.pathname.startsWith(partsPath);
  log[isMinor ? "debug" : "info"](fields, signal.aborted ? "caller left" : "request");
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
