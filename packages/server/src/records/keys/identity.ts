// Who a key belongs to, and when it may be used. Types only.

import type { Caller } from "../../platform/caller.ts";
import type { CheckUse } from "./key-use.ts";

/** A checked key of a worker, and the provider its models belong to. */
export type WorkerIdentity = {
  readonly kind: "worker";
  readonly keyId: string;
  readonly name: string;
  readonly provider: { readonly id: string; readonly name: string; readonly kind: "gpu" | "cli" };
};

/** Who presented a key. */
export type Identity = Caller | WorkerIdentity;

/** What is remembered of a key. `checkUse` absent: it works always and everywhere. */
export type KnownKey = { readonly identity: Identity; readonly checkUse?: CheckUse };
