// Owns the tokens that directories present: made by owners, shown once, known by their hash. Operations on them.

import { AppError } from "@auxot/wire/errors";
import { randomBytes } from "node:crypto";
import { createId, idPrefixes } from "@auxot/wire/ids";
import {
  createScimToken,
  listScimTokens,
  revokeScimToken,
  type ScimTokenView,
} from "@auxot/wire/operations/scim-tokens";
import { eraseHandler, type AnyOperationHandler } from "../../../operations/handler.ts";
import { requireAccess } from "../../../platform/access/may.ts";
import type { Clock } from "../../../platform/clock.ts";
import { hashText } from "../../../platform/hash-text.ts";
import { requireBeAnybody } from "../be-anybody.ts";
import type { ScimStore, TokenRow } from "./store.ts";

export type ScimTokens = {
  /** Throws `unauthenticated`. */
  check(text: string | undefined): Promise<{ readonly tokenId: string; readonly name: string }>;
  readonly operations: readonly AnyOperationHandler[];
};

const prefix = "scim_";
/** Written down at most this often. */
const noteEveryMs = 60_000;

export function createScimTokens({ store, clock }: { readonly store: ScimStore; readonly clock: Clock }): ScimTokens {
  return {
    async check(text) {
      const found = text?.startsWith(prefix) === true ? await store.findToken(hashText(text)) : undefined;
      if (found === undefined) {
        throw new AppError(
          "unauthenticated",
          "A SCIM token of this installation is needed: Authorization: Bearer scim_….",
        );
      }
      const now = clock.now();
      if (now - (found.lastUsedAt?.getTime() ?? 0) > noteEveryMs) await store.noteTokenUse(found.id, new Date(now));
      return { tokenId: found.id, name: found.name };
    },
    operations: [
      eraseHandler({
        operation: listScimTokens,
        async handle(caller, input, { tx }) {
          requireAccess(caller, "scim-tokens.read");
          const { rows, nextCursor } = await store.listTokens(tx, input);
          return { items: rows.map(toView), nextCursor };
        },
      }),
      eraseHandler({
        operation: createScimToken,
        async handle(caller, { name }, work) {
          requireAccess(caller, "scim-tokens.edit");
          requireBeAnybody(caller);
          const token = prefix + randomBytes(32).toString("base64url");
          const id = createId(idPrefixes.scimToken);
          const masked = `${token.slice(0, 9)}…${token.slice(-4)}`;
          const row = { id, name, masked, createdBy: caller.name, createdAt: work.now };
          await store.insertToken(work.tx, { ...row, hash: hashText(token) });
          const view = toView({ ...row, lastUsedAt: null, revokedAt: null });
          work.changed({ kind: "scim-token", id, name, before: null, after: view });
          return { ...view, token };
        },
      }),
      eraseHandler({
        operation: revokeScimToken,
        async handle(caller, { id }, work) {
          requireAccess(caller, "scim-tokens.edit");
          const before = await store.getToken(work.tx, id);
          if (before === undefined)
            throw new AppError("not_found", `There is no SCIM token with the id "${id}".`, { param: "id" });
          await store.revokeToken(work.tx, id, work.now);
          const after = toView({ ...before, revokedAt: before.revokedAt ?? work.now });
          work.changed({ kind: "scim-token", id, name: before.name, before: toView(before), after });
          return after;
        },
      }),
    ],
  };
}

function toView({ id, name, masked, createdBy, createdAt, lastUsedAt, revokedAt }: TokenRow): ScimTokenView {
  return {
    id,
    name,
    masked,
    createdBy,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
