// Owns what a licence says: a text signed by a vendor, read offline. Pure: the clock and the vendor's key are arguments.
// It never decides about inference: that runs whatever a licence says.

import { createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";

const licenceSchema = z.object({
  id: z.string().min(1),
  /** Whom it is for. */
  holder: z.string().min(1),
  tier: z.string().min(1),
  /** People at most; null: any number. */
  seats: z.int().positive().nullable(),
  /** Names of features; `*` is all. */
  features: z.array(z.string().min(1)),
  issuedAt: z.iso.datetime(),
  /** null: never. */
  expiresAt: z.iso.datetime().nullable(),
  /** How long everything goes on after that. */
  graceDays: z.int().min(0).max(365),
});
export type Licence = Readonly<z.infer<typeof licenceSchema>>;

export type LicenceState =
  /** No vendor key: there is nothing to license, everything is on. */
  | { readonly kind: "unrestricted" }
  | { readonly kind: "none" }
  | { readonly kind: "invalid"; readonly problem: string }
  | { readonly kind: "valid"; readonly licence: Licence }
  /** Expired, and everything goes on until `until`. */
  | { readonly kind: "grace"; readonly licence: Licence; readonly until: Date }
  | { readonly kind: "expired"; readonly licence: Licence; readonly until: Date };

const prefix = "auxot_lic1";
const dayMs = 24 * 60 * 60 * 1000;
/** Clocks may differ by this much. */
const clockSkewMs = dayMs;

/** `text` undefined: none is installed. `vendorKey` undefined: nobody licenses this Auxot. Line breaks in the text do no harm. */
export function readLicence(text: string | undefined, vendorKey: KeyObject | undefined, now: number): LicenceState {
  if (vendorKey === undefined) return { kind: "unrestricted" };
  if (text === undefined) return { kind: "none" };
  const [start, payload = "", signature = "", ...rest] = text.replaceAll(/\s/g, "").split(".");
  if (start !== prefix || payload === "" || signature === "" || rest.length > 0) {
    return {
      kind: "invalid",
      problem: `It is no licence: one begins with ${prefix}. and is all of the text you were given.`,
    };
  }
  if (!verify(null, Buffer.from(`${prefix}.${payload}`), vendorKey, Buffer.from(signature, "base64url"))) {
    return { kind: "invalid", problem: "It was not signed by the vendor of this Auxot, or was changed since." };
  }
  const licence = readPayload(payload);
  if (licence === undefined)
    return { kind: "invalid", problem: "It is of a kind that this version of Auxot does not know." };
  if (Date.parse(licence.issuedAt) > now + clockSkewMs) {
    return {
      kind: "invalid",
      problem: `It begins on ${licence.issuedAt.slice(0, 10)}. Is the clock of this machine right?`,
    };
  }
  return judgeTime(licence, now);
}

function judgeTime(licence: Licence, now: number): LicenceState {
  if (licence.expiresAt === null || now < Date.parse(licence.expiresAt)) return { kind: "valid", licence };
  const until = new Date(Date.parse(licence.expiresAt) + licence.graceDays * dayMs);
  return { kind: now < until.getTime() ? "grace" : "expired", licence, until };
}

function readPayload(payload: string): Licence | undefined {
  try {
    return licenceSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
  } catch {
    return undefined;
  }
}

export type FeatureVerdict = {
  /** Whether it may be changed: what is there can be read and goes on working either way. */
  readonly writable: boolean;
  /** A sentence. */
  readonly because: string;
};

/** What a state means for a licensed feature. */
export function judgeFeature(state: LicenceState, feature: string): FeatureVerdict {
  switch (state.kind) {
    case "unrestricted":
      return { writable: true, because: "Nothing needs a licence here." };
    case "none":
    case "invalid":
      return { writable: false, because: `"${feature}" is read-only: it needs a licence. ${describeState(state)}` };
    case "valid":
    case "grace":
      if (includesFeature(state.licence, feature)) return { writable: true, because: describeState(state) };
      return {
        writable: false,
        because: `"${feature}" is read-only: the licence (${state.licence.tier}) does not include it.`,
      };
    case "expired":
      return { writable: false, because: `"${feature}" is read-only. ${describeState(state)}` };
  }
}

/** One or two sentences for people. */
export function describeState(state: LicenceState): string {
  switch (state.kind) {
    case "unrestricted":
      return "No vendor key is configured: everything is on.";
    case "none":
      return "No licence is installed. Inference and all that needs none work; licensed features are read-only.";
    case "invalid":
      return `The installed licence does not count. ${state.problem}`;
    case "valid":
      return state.licence.expiresAt === null
        ? `Licensed to ${state.licence.holder}, without an end.`
        : `Licensed to ${state.licence.holder} until ${state.licence.expiresAt.slice(0, 10)}.`;
    case "grace":
      return `The licence ended on ${endOf(state.licence)}. Everything goes on until ${toDay(state.until)}; then licensed features become read-only. Inference never stops.`;
    case "expired":
      return `The licence ended on ${endOf(state.licence)}, its days of grace on ${toDay(state.until)}. Licensed features are read-only until a new one is installed. Inference goes on.`;
  }
}

/** Ed25519, as PEM or as its 32 bytes in base64. Throws an Error that says so. */
export function readVendorKey(text: string): KeyObject {
  try {
    if (text.includes("BEGIN")) return requireEd25519(createPublicKey(text));
    const x = Buffer.from(text.trim(), "base64").toString("base64url");
    return requireEd25519(createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }));
  } catch (cause) {
    throw new Error("must be an Ed25519 public key, as PEM or as its 32 bytes in base64", { cause });
  }
}

/** The text of a licence, for vendors. Throws when it is not complete. */
export function writeLicence(licence: Licence, privateKey: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(licenceSchema.parse(licence))).toString("base64url");
  const signature = sign(null, Buffer.from(`${prefix}.${payload}`), privateKey).toString("base64url");
  return `${prefix}.${payload}.${signature}`;
}

function requireEd25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== "ed25519") throw new Error(`It is of the kind ${key.asymmetricKeyType}.`);
  return key;
}

function includesFeature({ features }: Licence, feature: string): boolean {
  return features.includes("*") || features.includes(feature);
}

function endOf({ expiresAt }: Licence): string {
  return expiresAt?.slice(0, 10) ?? "";
}

function toDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}
