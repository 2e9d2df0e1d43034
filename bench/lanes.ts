// The loads of the bench: each lane is one way to the same bytes of the mock upstream, directly or through the router.

import { models, type Load } from "./workload.ts";

/** Where a lane goes. */
export type Targets = {
  readonly mockPort: number;
  readonly routerPort: number;
  /**
   * Routers that are asked by the lanes that compare them and by nobody else: as the default one, without metrics, and with
   * every request traced. One that answered other lanes before is no measure for them.
   */
  readonly twinPort: number;
  readonly unwatchedPort: number;
  readonly tracedPort: number;
  readonly key: string;
};

export type LaneName = "direct" | "router" | "translated" | "twin" | "unwatched" | "traced";

export type Lane = { readonly name: LaneName; readonly createLoad: (targets: Targets) => Omit<Load, "durationMs"> };

type Shape = Pick<Load, "connections" | "endMark" | "requestsPerSecond"> & { readonly model: string };

const prompt = "Please tell me about the harbour at night. ".repeat(18);

/** OpenAI in and OpenAI out: straight to the mock, and through the passthrough lane. */
export function createOpenaiLanes(shape: Shape, isStream: boolean): Lane[] {
  const body = JSON.stringify({
    model: shape.model,
    messages: [{ role: "user", content: prompt }],
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });
  const path = "/v1/chat/completions";
  const { model: _, ...rest } = shape;
  return [
    {
      name: "direct",
      createLoad: ({ mockPort }) => ({ ...rest, port: mockPort, path, headers: {}, body }),
    },
    {
      name: "router",
      createLoad: ({ routerPort, key }) => ({
        ...rest,
        port: routerPort,
        path,
        headers: { authorization: `Bearer ${key}` },
        body,
      }),
    },
  ];
}

/** The passthrough lane again: as it is, without metrics, and with traces beside them. */
export function createWatchedLanes(shape: Shape, isStream: boolean): Lane[] {
  const lane = createOpenaiLanes(shape, isStream).find(({ name }) => name === "router");
  if (lane === undefined) return [];
  return [
    { name: "twin", createLoad: (targets) => ({ ...lane.createLoad(targets), port: targets.twinPort }) },
    { name: "unwatched", createLoad: (targets) => ({ ...lane.createLoad(targets), port: targets.unwatchedPort }) },
    { name: "traced", createLoad: (targets) => ({ ...lane.createLoad(targets), port: targets.tracedPort }) },
  ];
}

/** Anthropic in, OpenAI upstream: every event is decoded and encoded again. */
export function createTranslatedLane(shape: Shape): Lane {
  const { model, ...rest } = shape;
  const body = JSON.stringify({
    model,
    max_tokens: 1000,
    messages: [{ role: "user", content: prompt }],
    stream: true,
  });
  return {
    name: "translated",
    createLoad: ({ routerPort, key }) => ({
      ...rest,
      endMark: "message_stop",
      port: routerPort,
      path: "/v1/messages",
      headers: { "x-api-key": key, "anthropic-version": "2023-06-01" },
      body,
    }),
  };
}

/** As the router's configuration file wants it; JSON is YAML. `more`: beside the provider. */
export function createRouterConfig(mockPort: number, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    ...more,
    providers: [
      {
        name: "bench",
        kind: "cloud",
        dialect: "openai-chat",
        baseUrl: `http://127.0.0.1:${mockPort}/v1`,
        apiKey: "bench-upstream-key",
        models: Object.values(models).map((id) => ({ id })),
      },
    ],
  });
}
