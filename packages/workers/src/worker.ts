// One worker: an engine, its jobs and the link to the router, wired together. The same for every kind of worker.

import type { ChatRequest } from "@auxot/wire/chat";
import { toErrorBody } from "@auxot/wire/errors";
import { createId } from "@auxot/wire/ids";
import { protocolVersion, type Hardware, type HelloFrame, type RouterFrame } from "@auxot/wire/worker-frames";
import type { Engine } from "./engine.ts";
import { createJobs } from "./jobs.ts";
import { createLink, type LinkEnd, type LinkOptions } from "./link.ts";
import type { Log } from "./log.ts";

export type WorkerOptions = {
  readonly engine: Engine;
  readonly kind: HelloFrame["kind"];
  readonly name: string;
  readonly version: string;
  readonly hardware: Hardware;
  /** ws: or wss:, path included. */
  readonly url: string;
  readonly key: string;
  readonly log: Log;
  /** Times of the link, for tests. */
  readonly link?: Pick<LinkOptions, "connectLimitMs" | "pausesMs" | "random">;
};

export type Worker = {
  readonly ended: Promise<LinkEnd>;
  /** Takes no new jobs, waits for running ones at most `limitMs`, then closes the link. */
  drain(limitMs: number): Promise<void>;
};

/** Connects at once and keeps trying. The engine stays the caller's to close. */
export function startWorker(options: WorkerOptions): Worker {
  const { engine, log } = options;
  const instanceId = createId("ins_");
  let announced = "";
  let isDraining = false;
  /** The router at the other end of this link said that it stops. */
  let isRouterLeaving = false;

  const jobs = createJobs({ engine, log, send: (frame) => void link.send(frame) });
  const link = createLink({
    ...options.link,
    url: options.url,
    key: options.key,
    log,
    hello,
    onWelcome(welcome) {
      jobs.onWelcome(welcome);
      announceOffers();
      if (isDraining) link.send({ type: "drain" });
    },
    onFrame,
    onLost() {
      isRouterLeaving = false;
      jobs.onLinkLost();
    },
  });
  engine.onOffersChanged(announceOffers);

  function hello(): HelloFrame {
    const offers = [...engine.offers()];
    announced = JSON.stringify(offers);
    return {
      type: "hello",
      protocol: protocolVersion,
      instanceId,
      name: options.name,
      version: options.version,
      kind: options.kind,
      engine: engine.name,
      hardware: options.hardware,
      offers,
      jobs: jobs.ids(),
    };
  }

  function announceOffers(): void {
    const offers = [...engine.offers()];
    const text = JSON.stringify(offers);
    if (text === announced || !link.send({ type: "offers", offers })) return;
    announced = text;
    log.info("models offered", { models: offers.map((offer) => offer.model).join(", ") || "none" });
  }

  function onFrame(frame: RouterFrame): void {
    if (frame.type === "tokens-count") return void count(frame.countId, frame.request);
    if (frame.type !== "shutdown") return jobs.onFrame(frame);
    log.info("the router is stopping; running jobs are finished first", { jobs: jobs.runningCount() });
    isRouterLeaving = true;
    void jobs.whenIdle().then(() => isRouterLeaving && link.reopen());
  }

  async function count(countId: string, request: ChatRequest): Promise<void> {
    try {
      link.send({ type: "tokens-counted", countId, inputTokens: await engine.countTokens(request) });
    } catch (error) {
      link.send({ type: "tokens-counted", countId, error: toErrorBody(error) });
    }
  }

  return {
    ended: link.ended,
    async drain(limitMs) {
      isDraining = true;
      link.send({ type: "drain" });
      const limit = Promise.withResolvers<void>();
      const timer = setTimeout(limit.resolve, limitMs);
      await Promise.race([jobs.whenIdle(), limit.promise]);
      clearTimeout(timer);
      link.close();
    },
  };
}
