// Declares the acts on live workers.

import { z } from "zod";
import { hardwareSchema } from "../worker-frames.ts";
import { defineOperation } from "./define-operation.ts";
import { pageOf } from "./page.ts";

export const workerSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["gpu", "cli"]),
  provider: z.string(),
  engine: z.string(),
  version: z.string(),
  state: z.enum(["online", "draining", "lost"]),
  hardware: hardwareSchema,
  models: z.array(
    z.object({
      model: z.string(),
      slots: z.number(),
      busySlots: z.number(),
      /** It runs nothing before then, e.g. because a subscription's window is used up. */
      restsUntil: z.iso.datetime().exactOptional(),
      /** The share used of what limits it, 0 to 1. */
      load: z.number().exactOptional(),
    }),
  ),
  connectedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
});
export type WorkerView = z.infer<typeof workerSchema>;

export const listWorkers = defineOperation({
  name: "workers.list",
  summary: "List the workers connected now.",
  action: "workers.read",
  method: "GET",
  path: "/api/workers",
  input: z.strictObject({}),
  output: pageOf(workerSchema),
});
