// What the commands of auxot-worker share in reading their options: every problem is reported, none stops the reading.

import os from "node:os";
import { readKeyKind } from "@auxot/wire/key-format";

export type Environment = Readonly<Record<string, string | undefined>>;
/** Takes one problem in plain words. */
export type Report = (problem: string) => void;

/** Where a worker connects, and as whom. */
export type ConnectionConfig = {
  /** ws: or wss:, with the path /ws. */
  readonly routerUrl: string;
  readonly key: string;
  readonly name: string;
};

export const connectionHelp = `Connection:
  --router URL          the router, http(s) or ws(s)            [AUXOT_ROUTER_URL]
  --key KEY             a worker key; better in the environment [AUXOT_WORKER_KEY]
  --name NAME           shown in the router's list (default: host name)   [AUXOT_WORKER_NAME]`;

export const connectionOptions = {
  router: { type: "string" },
  key: { type: "string" },
  name: { type: "string" },
} as const;

type ConnectionValues = { readonly [Name in keyof typeof connectionOptions]?: string | undefined };

/** The environment's key comes before one on the command line, where others can read it. */
export function readConnection(values: ConnectionValues, environment: Environment, report: Report): ConnectionConfig {
  return {
    routerUrl: readRouterUrl(values.router ?? notEmpty(environment["AUXOT_ROUTER_URL"]), report),
    key: readKey(notEmpty(environment["AUXOT_WORKER_KEY"]) ?? values.key, report),
    name: (notEmpty(values.name) ?? notEmpty(environment["AUXOT_WORKER_NAME"]) ?? os.hostname()).slice(0, 100),
  };
}

function readRouterUrl(text: string | undefined, report: Report): string {
  if (text === undefined) {
    report("Say which router: --router URL or AUXOT_ROUTER_URL, e.g. --router http://127.0.0.1:8080");
    return "";
  }
  if (!/^(https?|wss?):\/\//.test(text) || !URL.canParse(text)) {
    report(`The router URL ${text} should begin with http://, https://, ws:// or wss://.`);
    return "";
  }
  const url = new URL(text);
  url.protocol = url.protocol.replace("http", "ws");
  url.pathname = "/ws";
  url.search = "";
  url.hash = "";
  return url.href;
}

function readKey(text: string | undefined, report: Report): string {
  if (text === undefined) report("Give the worker's key: AUXOT_WORKER_KEY or --key axw_...");
  else if (readKeyKind(text) === "caller")
    report("The key is a caller's key (axk_...); a worker needs one that begins with axw_.");
  else if (readKeyKind(text) === undefined)
    report("The worker key is not whole: it should be axw_ and 49 letters and digits.");
  return text ?? "";
}

/** A whole number from `least` to `most`; undefined when it is not given or wrong. */
export function readNumber(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
  report: Report,
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  report(`${name} ${text} should be a whole number from ${least} to ${most}.`);
  return undefined;
}

/** One of `choices`; `otherwise` when it is not given or wrong. */
export function readChoice<Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly Choice[],
  otherwise: Choice,
  report: Report,
): Choice {
  const found = text === undefined ? otherwise : choices.find((choice) => choice === text);
  if (found === undefined) report(`${name} ${text} should be one of ${choices.join(", ")}.`);
  return found ?? otherwise;
}

/** Undefined for "": an empty variable says nothing. */
export function notEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
