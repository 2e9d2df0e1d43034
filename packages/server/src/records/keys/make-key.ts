// Owns the making of key rows: what a new key must be, its look-up value and the part that may be shown.

import { builtInProvider } from "../../platform/built-in-provider.ts";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { createKeyText, maskKey } from "@auxot/wire/key-format";
import type { Clock } from "../../platform/clock.ts";
import { readKeyForm } from "../../platform/key-text.ts";
import type { Pepper } from "../../platform/sealing.ts";
import type { Secret } from "../../platform/secret-text.ts";
import type { KeyLimits, KeyOrigin, KeyOwner, KeyProvider, NewKeyRow, NewText } from "./store.ts";

/** A key as the configuration declares it. `provider` is there exactly for worker keys. */
export type DeclaredKey = {
  readonly name: string;
  readonly key: Secret;
  readonly kind: "caller" | "worker";
  readonly admin: boolean;
  /** Name of a gpu or cli provider. */
  readonly provider?: string;
};

export type NewKey = Partial<KeyOwner> &
  Partial<KeyLimits> & {
    readonly name: string;
    readonly description?: string;
    readonly kind: "caller" | "worker";
    readonly admin: boolean;
    readonly provider?: string | undefined;
  };

export type KeyMaker = {
  /** A random key. Throws `invalid_request` when kind, admin and provider do not fit. */
  makeKey(input: NewKey, providers: readonly KeyProvider[]): { readonly row: NewKeyRow; readonly text: string };
  makeText(kind: "caller" | "worker"): NewText & { readonly text: string };
  /** A key whose text the configuration gives. Throws `invalid_request` when its provider is none for workers. */
  takeDeclared(declared: DeclaredKey, providers: readonly KeyProvider[]): NewKeyRow;
  takeText(
    about: { readonly name: string; readonly kind: "caller" | "worker"; readonly admin: boolean },
    text: string,
    origin: KeyOrigin,
    providerId?: string | null,
  ): NewKeyRow;
};

export function createKeyMaker({ pepper, clock }: { readonly pepper: Pepper; readonly clock: Clock }): KeyMaker {
  const takeText: KeyMaker["takeText"] = ({ name, kind, admin }, text, origin, providerId = null) => ({
    id: createId(idPrefixes.key),
    name,
    kind,
    ownerId: null,
    teamId: null,
    admin,
    providerId,
    hmac: pepper.hmac(text),
    pepperId: pepper.id,
    masked: mask(text),
    origin,
    createdAt: new Date(clock.now()),
  });

  return {
    takeText,
    makeKey(input, providers) {
      const text = createKeyText(input.kind);
      const { provider: _, ...given } = input;
      return { text, row: { ...takeText(input, text, "created", findProviderId(input, providers)), ...given } };
    },
    makeText(kind) {
      const text = createKeyText(kind);
      return { text, hmac: pepper.hmac(text), pepperId: pepper.id, masked: mask(text) };
    },
    takeDeclared: (declared, providers) =>
      takeText(declared, declared.key.reveal(), "config", findProviderId(declared, providers)),
  };
}

function findProviderId(
  input: Pick<NewKey, "kind" | "admin" | "provider">,
  providers: readonly KeyProvider[],
): string | null {
  if (input.kind === "caller") {
    if (input.provider === undefined) return null;
    throw new AppError("invalid_request", "Only worker keys have a provider. Leave it out, or make a worker key.", {
      param: "provider",
    });
  }
  if (input.admin) {
    throw new AppError("invalid_request", "A worker key cannot be an admin key.", { param: "admin" });
  }
  const wanted = input.provider ?? builtInProvider;
  const fitting = providers.filter((provider) => provider.kind !== "cloud");
  const found = fitting.find((provider) => provider.name === wanted);
  if (found !== undefined) return found.id;
  const names = fitting.map((provider) => `"${provider.name}"`).join(", ");
  throw new AppError(
    "invalid_request",
    `There is no GPU or CLI provider named "${wanted}". Those there are: ${names}.`,
    { param: "provider" },
  );
}

/** Less is shown of a text people chose: it may be short and guessable. */
function mask(text: string): string {
  return readKeyForm(text) === "plain" ? `${text.slice(0, 3)}…${text.slice(-2)}` : maskKey(text);
}
