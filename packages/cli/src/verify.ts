// The command that tries a router out: is it alive and ready, which models has it, does a prompt stream over both APIs.

import { explainUnreachable } from "@auxot/client/connect-error";
import { AppError } from "@auxot/wire/errors";
import type { Command, Invocation } from "./command.ts";
import { missingKeyMessage } from "./missing-key.ts";
import {
  anthropicApi,
  measurePrompt,
  openaiApi,
  readErrorMessage,
  type Measured,
  type PublicApi,
} from "./prompt-stream.ts";

type Step = {
  readonly name: string;
  /** Gives a sentence and facts for --json; throws AppError when the check fails. */
  readonly check: (invocation: Invocation) => Promise<Finding>;
  /** Nothing after it can pass when it failed. */
  readonly isNeededByRest?: true;
};
type Finding = { readonly message: string; readonly facts?: Readonly<Record<string, unknown>> };
type Result = Finding & { readonly name: string; readonly isGood: boolean };

const shortTimeoutMs = 10_000;
const steps: readonly Step[] = [
  { name: "health", check: checkHealth, isNeededByRest: true },
  { name: "ready", check: checkReady },
  { name: "models", check: checkModels, isNeededByRest: true },
  { name: openaiApi.name, check: (invocation) => checkPrompt(openaiApi, invocation) },
  { name: anthropicApi.name, check: (invocation) => checkPrompt(anthropicApi, invocation) },
];

export const verify: Command = {
  name: "verify",
  summary: "Try the router out: health, models, and a streamed prompt over both APIs.",
  positionals: [],
  options: {
    model: { value: "MODEL", summary: "Which model to ask (default: auto, the router's choice)" },
    prompt: { value: "TEXT", summary: "What to ask it" },
  },
  check({ url }) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw new AppError("invalid_request", `"${url}" is not the address of a router, such as http://127.0.0.1:8080.`);
    }
  },
  async run(invocation) {
    const { terminal, isJson, url } = invocation;
    if (!isJson) terminal.out(`Verifying ${url}\n`);
    const results: Result[] = [];
    for (const step of steps) {
      const result = await runStep(step, invocation);
      results.push(result);
      if (!isJson) terminal.out(renderResult(result, terminal.isColoured));
      if (!result.isGood && step.isNeededByRest) break;
    }
    const failed = results.filter(({ isGood }) => !isGood).length;
    if (isJson) terminal.out(renderJson(url, results, failed === 0));
    else terminal.out(renderEnd(failed, steps.length - results.length));
    return failed === 0 ? 0 : 1;
  },
};

async function runStep({ name, check }: Step, invocation: Invocation): Promise<Result> {
  try {
    return { name, isGood: true, ...(await check(invocation)) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name, isGood: false, message: error.message };
  }
}

async function checkHealth(invocation: Invocation): Promise<Finding> {
  const { status, body } = await get(invocation, "/api/health");
  if (status === 200 && readObject(body)["status"] === "ok") return { message: "the router answers" };
  throw new AppError(
    "source_failed",
    `${invocation.url} answers, but not as an Auxot router does (status ${status}): is the address right?`,
  );
}

async function checkReady(invocation: Invocation): Promise<Finding> {
  const { status, body } = await get(invocation, "/api/ready");
  if (status === 200) return { message: "it can serve requests" };
  const { missing } = readObject(body);
  const reason = Array.isArray(missing) ? missing.join("; ") : readErrorMessage(body);
  throw new AppError("no_capacity", `not yet: ${reason} (status ${status})`);
}

async function checkModels(invocation: Invocation): Promise<Finding> {
  if (invocation.key === undefined) throw new AppError("unauthenticated", missingKeyMessage);
  const { status, body } = await get(invocation, "/v1/models", { authorization: `Bearer ${invocation.key}` });
  if (status !== 200) throw new AppError("source_failed", `${status}: ${readErrorMessage(body)}`);
  const { data } = readObject(body);
  const models = Array.isArray(data) ? data.map((model: { readonly id?: unknown }) => String(model.id)) : [];
  if (models.length === 0) {
    throw new AppError(
      "no_capacity",
      "no model is there now: connect a worker (npx auxot workers shows them) or configure a cloud provider.",
    );
  }
  const shown = models.slice(0, 5).join(", ") + (models.length > 5 ? `, and ${models.length - 5} more` : "");
  return { message: `${models.length === 1 ? "1 model" : `${models.length} models`}: ${shown}`, facts: { models } };
}

async function checkPrompt(api: PublicApi, { url, key, options, terminal }: Invocation): Promise<Finding> {
  if (key === undefined) throw new AppError("unauthenticated", missingKeyMessage);
  const { model = "auto", prompt = "Say hello in one short sentence." } = options;
  const measured = await measurePrompt(api, {
    url,
    key,
    model: String(model),
    prompt: String(prompt),
    fetch: terminal.fetch,
    clock: terminal.clock,
  });
  return { message: renderMeasured(measured), facts: measured };
}

function renderMeasured(measured: Measured): string {
  const { text, model, route, firstTokenMs, outputTokens, tokensPerSecond } = measured;
  const speed = [
    `first token after ${Math.round(firstTokenMs)} ms`,
    ...(outputTokens === undefined ? [] : [outputTokens === 1 ? "1 token" : `${outputTokens} tokens`]),
    ...(tokensPerSecond === undefined ? [] : [`${Math.round(tokensPerSecond)} tokens/s`]),
  ];
  const answer = text.replace(/\s+/g, " ").trim();
  const shown = answer.length > 200 ? `${answer.slice(0, 200)}…` : answer;
  return [
    speed.join(", "),
    ...(model === undefined ? [] : [`model  ${model}`]),
    ...(route === undefined ? [] : [`route  ${route}`]),
    `answer ${shown === "" ? "(only reasoning)" : shown}`,
  ].join("\n");
}

function renderResult({ name, isGood, message }: Result, isColoured: boolean): string {
  const mark = isGood ? "✓" : "✗";
  const coloured = isColoured ? `\u001B[${isGood ? 32 : 31}m${mark}\u001B[39m` : mark;
  const width = Math.max(...steps.map((step) => step.name.length)) + 2;
  const [first, ...others] = message.split("\n");
  const lines = [`${coloured} ${name.padEnd(width)}${first}`, ...others.map((line) => " ".repeat(width + 2) + line)];
  return lines.map((line) => `${line}\n`).join("");
}

function renderEnd(failed: number, skipped: number): string {
  if (failed === 0) return "All checks passed.\n";
  const rest = skipped === 0 ? "" : ` ${skipped} more ${skipped === 1 ? "was" : "were"} not tried.`;
  return `${failed === 1 ? "1 check" : `${failed} checks`} failed.${rest}\n`;
}

function renderJson(url: string, results: readonly Result[], isGood: boolean): string {
  const checks = results.map(({ name, isGood, message, facts = {} }) => ({ name, isGood, message, ...facts }));
  return `${JSON.stringify({ url, isGood, checks }, null, 2)}\n`;
}

async function get(
  { url, terminal }: Invocation,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await terminal.fetch(url + path, { headers, signal: AbortSignal.timeout(shortTimeoutMs) });
    return { status: response.status, body: await response.text() };
  } catch (cause) {
    throw new AppError("source_failed", explainUnreachable(url, cause), { cause });
  }
}

function readObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
