// Who a key belongs to. Types only.

import type { Caller } from "../../platform/caller.ts";

/** A checked key of a worker, and the provider its models belong to. */
export type WorkerIdentity = {
  readonly kind: "worker";
  readonly keyId: string;
  readonly name: string;
  readonly provider: { readonly id: string; readonly name: string; readonly kind: "gpu" | "cli" };
};

/** Who presented a key. */
export type Identity = Caller | WorkerIdentity;
