// The five sources of the matrix test as one router has them: four scripted vendors behind HTTP and a GPU worker behind
// its real frames. Failures put a provider to rest, so each cell with one has a provider of its own.

import type { DialectName } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { startFakeCloud, type FakeCloud } from "../harness/fake-cloud.ts";
import { connectFakeWorker } from "../harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";
import { anthropicScript } from "./anthropic-script.ts";
import { compatibleScript } from "./compatible-script.ts";
import { openaiChatScript } from "./openai-chat-script.ts";
import { openaiResponsesScript } from "./openai-responses-script.ts";
import {
  callerNames,
  scenarios,
  sourceNames,
  type AskName,
  type Failure,
  type Scenario,
  type SourceName,
} from "./scenarios.ts";
import { playScript, type Fields, type VendorScript } from "./vendor-script.ts";
import { expectJobRequest, playJob, workerInsideMessage, workerOffer, workerUsage } from "./worker-script.ts";

export type Source = {
  readonly name: SourceName;
  /** Undefined: canonical words in frames. */
  readonly dialect: DialectName | undefined;
  /** What the source calls its model. */
  readonly model: string;
  /** Plays the scenario for the next request. */
  play(scenario: Scenario): void;
  /** The body of the last request, as JSON, and as it came. */
  received(): { readonly fields: Fields; readonly text: string };
  expectRequest(ask: AskName, caller: DialectName): Fields;
  usageOf(scenario: Scenario): Usage;
  /** The whole bytes of a stream, or the body. Undefined for a worker. */
  bytesOf(scenario: Scenario, stream: boolean): string | undefined;
  /** The body of a refusal that a caller of its format gets as it is; undefined where it is not in the vendor's words. */
  passedError(failure: Exclude<Failure, "inside">): string | undefined;
  insideMessage(stream: boolean): RegExp;
};

export type Matrix = AsyncDisposable & {
  readonly app: TestRouter;
  readonly sources: ReadonlyMap<SourceName, Source>;
};

const scripts = new Map<SourceName, VendorScript>([
  ["openai-responses", openaiResponsesScript],
  ["openai-chat", openaiChatScript],
  ["anthropic", anthropicScript],
  ["compatible", compatibleScript],
]);

/** The name a source's model has in a request. `cell` counts the cells of a source and scenario. */
export function nameModel(source: Source, scenario: Scenario, cell: number): string {
  if (source.dialect === undefined) return source.model;
  const own = scenario.failure === undefined ? "" : `-${scenario.failure}-${cell}`;
  return `${source.name}${own}/${source.model}`;
}

const failures = scenarios.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
const cellsOfScenario = callerNames.length * 2;

/** Starts the router, the vendors and the worker. */
export async function startMatrix(dataDir: string): Promise<Matrix> {
  const clouds = new Map<SourceName, FakeCloud>();
  for (const name of scripts.keys()) clouds.set(name, await startFakeCloud(() => undefined));
  const providers = [...clouds].flatMap(([name, cloud]) => {
    const script = scripts.get(name);
    const numbers = Array.from({ length: cellsOfScenario }, (_, at) => at);
    const names = [name, ...failures.flatMap((failure) => numbers.map((at) => `${name}-${failure}-${at}`))];
    return script === undefined
      ? []
      : names.map((each) => cloud.provider({ name: each, dialect: script.dialect, models: [script.model] }));
  });
  const app = await startTestRouter({ providers, dataDir });
  const worker = await createWorkerSource(app);
  const sources = new Map<SourceName, Source>();
  for (const name of sourceNames) {
    const [script, cloud] = [scripts.get(name), clouds.get(name)];
    sources.set(name, script === undefined || cloud === undefined ? worker : createCloudSource(name, script, cloud));
  }
  return {
    app,
    sources,
    async [Symbol.asyncDispose]() {
      worker[Symbol.dispose]();
      await app[Symbol.asyncDispose]();
      for (const cloud of clouds.values()) await cloud[Symbol.asyncDispose]();
    },
  };
}

function createCloudSource(name: SourceName, script: VendorScript, cloud: FakeCloud): Source {
  return {
    name,
    dialect: script.dialect,
    model: script.model,
    play(scenario) {
      cloud.requests.length = 0;
      cloud.answer = (request, response) => playScript(script, scenario, request, response);
    },
    received() {
      const text = cloud.requests.at(-1)?.body ?? "";
      return { text, fields: JSON.parse(text) as Fields };
    },
    expectRequest: script.expectRequest,
    usageOf: script.usageOf,
    bytesOf: (scenario, stream) => (stream ? script.writeStream(scenario) : script.writeAnswer(scenario)),
    passedError: (failure) => (name === "compatible" ? undefined : script.refusals[failure].body),
    insideMessage: (stream) => script.insideMessage[stream ? "stream" : "whole"],
  };
}

async function createWorkerSource(app: TestRouter): Promise<Source & Disposable> {
  const worker = await connectFakeWorker(app, { name: "gpu-1", offers: [workerOffer] });
  let scenario: Scenario | undefined;
  let request: Fields = {};
  async function work(): Promise<void> {
    for (;;) {
      const job = await worker.nextJob();
      // Whether the caller wants a usage chunk is of no interest to a worker.
      const { includeUsage: _, ...fields } = job.request;
      request = fields;
      if (scenario !== undefined) playJob(scenario, job);
    }
  }
  void work();
  return {
    name: "worker",
    dialect: undefined,
    model: workerOffer.model,
    play(next) {
      scenario = next;
      request = {};
    },
    received: () => ({ text: "", fields: request }),
    expectRequest: expectJobRequest,
    usageOf: workerUsage,
    bytesOf: () => undefined,
    passedError: () => undefined,
    insideMessage: () => workerInsideMessage,
    [Symbol.dispose]: () => worker[Symbol.dispose](),
  };
}
