// Decides what becomes of an identity provider when somebody writes or changes it, and whether it must be tested again.

import { ssoSettingsSchema, type SsoSettings } from "@auxot/wire/operations/sso-providers";
import { InputError } from "../../../operations/read-input.ts";
import { findKindProblems, type WrittenProvider } from "./kinds.ts";
import { settleSaml } from "./saml/settle.ts";
import type { SsoProvider } from "./settings.ts";

/** What a change may hold: the settings, each left out where it stays; null takes one away. */
export type AskedChange = {
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly metadata?: string | undefined;
} & { readonly [Field in keyof SsoSettings]?: SsoSettings[Field] | null | undefined };

export type Written = WrittenProvider & { readonly issuer: string | null; readonly clientId: string | null };

export type Identity = Pick<Written, "issuer" | "clientId" | "settings">;

/** As it is stored. Throws InputError for what its kind cannot have, and for metadata that cannot be used. */
export async function planIdentity(written: Written): Promise<Identity> {
  const problems = findKindProblems(written);
  if (problems.length > 0) throw new InputError(problems);
  const { kind, issuer, clientId, settings, metadata } = written;
  if (kind === "oidc") return { issuer, clientId, settings };
  const settled = await settleSaml({ issuer, clientId, settings, metadata });
  if ("problems" in settled) throw new InputError(settled.problems);
  return settled;
}

/** What the provider would be afterwards. Of SAML a new description takes the place of the one there was. */
export function mergeWritten(before: SsoProvider, asked: AskedChange): Written {
  const { issuer, clientId = before.clientId, clientSecret, metadata, ...changes } = asked;
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const { metadataUrl, entryPoint, certificates, ...others } = before.settings;
  const isByHand = changes.entryPoint !== undefined || changes.certificates !== undefined;
  const isOther = metadata !== undefined || changes.metadataUrl !== undefined;
  const merged = {
    ...others,
    ...(isOther || isByHand || metadataUrl === undefined ? {} : { metadataUrl }),
    ...(isOther || entryPoint === undefined ? {} : { entryPoint }),
    ...(isOther || certificates === undefined ? {} : { certificates }),
    ...Object.fromEntries(given),
  };
  const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  return {
    kind: before.kind,
    issuer: issuer ?? (isOther && before.kind === "saml" ? null : before.issuer),
    clientId,
    hasSecret: before.kind === "oidc" || clientSecret !== undefined,
    metadata,
    settings: ssoSettingsSchema.parse(kept),
  };
}

/** Whether it may be that signing in works no more. Another certificate beside those there were breaks nothing. */
export function changesTheWay(before: SsoProvider, after: Identity): boolean {
  const [was, is] = [before.settings, after.settings];
  const certificates = is.certificates ?? [];
  return (
    after.issuer !== before.issuer ||
    after.clientId !== before.clientId ||
    is.scopes.join() !== was.scopes.join() ||
    is.allowPrivate !== was.allowPrivate ||
    is.signRequests !== was.signRequests ||
    is.metadataUrl !== was.metadataUrl ||
    is.entryPoint !== was.entryPoint ||
    is.emailAttribute !== was.emailAttribute ||
    !(was.certificates ?? []).every((one) => certificates.includes(one))
  );
}
