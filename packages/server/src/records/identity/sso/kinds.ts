// Owns which settings an identity provider of a kind needs, and which it may not have. Pure.

import { X509Certificate } from "node:crypto";
import { issuerSchema, ssoSettingsSchema, type SsoKind, type SsoSettings } from "@auxot/wire/operations/sso-providers";
import type { InputProblem } from "../../../operations/read-input.ts";

/** What somebody wrote of a provider; absent where they wrote nothing. */
export type WrittenProvider = {
  readonly kind: SsoKind;
  readonly issuer?: string | null | undefined;
  readonly clientId?: string | null | undefined;
  readonly hasSecret: boolean;
  readonly metadata?: string | undefined;
  readonly settings: SsoSettings;
};

const ofSaml = ["metadataUrl", "entryPoint", "certificates", "emailAttribute", "nameAttribute"] as const;

/** Everything that is wrong with it for its kind, by field. */
export function findKindProblems(written: WrittenProvider): readonly InputProblem[] {
  return written.kind === "oidc" ? findOidcProblems(written) : findSamlProblems(written);
}

function missing(path: string): InputProblem {
  return { path, message: "is required" };
}

function findOidcProblems({
  issuer,
  clientId,
  hasSecret,
  metadata,
  settings,
}: WrittenProvider): readonly InputProblem[] {
  const problems: InputProblem[] = [];
  if (typeof issuer !== "string") problems.push(missing("issuer"));
  else {
    const checked = issuerSchema.safeParse(issuer);
    problems.push(...(checked.error?.issues ?? []).map(({ message }) => ({ path: "issuer", message })));
  }
  if (typeof clientId !== "string") problems.push(missing("clientId"));
  if (!hasSecret) problems.push(missing("clientSecret"));
  const foreign = [
    ...ofSaml.filter((field) => settings[field] !== undefined),
    ...(metadata === undefined ? [] : ["metadata"]),
    ...(["idpInitiated", "signRequests"] as const).filter((field) => settings[field]),
  ];
  return [...problems, ...foreign.map((path) => ({ path, message: "is only for providers of the kind saml" }))];
}

function findSamlProblems(written: WrittenProvider): readonly InputProblem[] {
  const { issuer, hasSecret, metadata, settings } = written;
  const { metadataUrl, entryPoint, certificates, scopes, allowPrivate } = settings;
  const problems: InputProblem[] = [];
  const add = (path: string, message: string): void => void problems.push({ path, message });
  if (hasSecret) add("clientSecret", "is only for providers of the kind oidc");
  if (scopes.join() !== ssoSettingsSchema.shape.scopes.parse(undefined).join()) {
    add("scopes", "is only for providers of the kind oidc");
  }
  const isByHand = entryPoint !== undefined || certificates !== undefined;
  const sources = [metadata !== undefined, metadataUrl !== undefined, isByHand].filter(Boolean).length;
  if (sources !== 1) {
    const wanted = "give metadataUrl, or metadata, or issuer with entryPoint and certificates";
    add("metadataUrl", sources === 0 ? `is required: ${wanted}` : `stands beside another description: ${wanted}`);
  } else if (isByHand) {
    if (typeof issuer !== "string") add("issuer", "is required: the provider's entity ID");
    if (entryPoint === undefined) add("entryPoint", "is required: where people sign in");
    if (certificates === undefined) add("certificates", "is required: what the provider signs with");
  }
  for (const [path, address] of Object.entries({ metadataUrl, entryPoint })) {
    if (address?.startsWith("http:") === true && !allowPrivate) {
      add(path, "must begin with https://; plain HTTP is for providers with allowPrivate");
    }
  }
  for (const [position, certificate] of (certificates ?? []).entries()) {
    if (readCertificate(certificate) === undefined) add(`certificates.${position}`, "is not an X.509 certificate");
  }
  return problems;
}

/** As PEM. `text` is PEM, or base64 as it stands in metadata. Undefined when it is no certificate. */
export function readCertificate(text: string): string | undefined {
  const base64 = text.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
  if (text.split("-----BEGIN").length > 2 || !/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined;
  try {
    return new X509Certificate(Buffer.from(base64, "base64")).toString();
  } catch {
    return undefined;
  }
}
