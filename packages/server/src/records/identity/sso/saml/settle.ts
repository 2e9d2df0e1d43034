// Turns what somebody wrote of a SAML provider into what is stored: metadata is read once, certificates become PEM.

import type { SsoSettings } from "@auxot/wire/operations/sso-providers";
import type { InputProblem } from "../../../../operations/read-input.ts";
import { readCertificate } from "../kinds.ts";
import { readMetadata } from "./metadata.ts";

type Saml = { readonly issuer: string | null; readonly clientId: string | null; readonly settings: SsoSettings };

/** What it gets has passed `findKindProblems`. */
export async function settleSaml({
  issuer,
  clientId,
  settings,
  metadata,
}: Saml & { readonly metadata: string | undefined }): Promise<Saml | { readonly problems: readonly InputProblem[] }> {
  if (metadata !== undefined) {
    const read = await readMetadata(metadata, issuer);
    if ("problem" in read) return { problems: [{ path: "metadata", message: read.problem }] };
    const { entityId, entryPoint, certificates } = read;
    if (entryPoint.startsWith("http:") && !settings.allowPrivate) {
      const message = "its address for sign-in has plain HTTP, which is for providers with allowPrivate";
      return { problems: [{ path: "metadata", message }] };
    }
    return { issuer: entityId, clientId, settings: { ...settings, entryPoint, certificates: [...certificates] } };
  }
  const certificates = settings.certificates?.flatMap((one) => readCertificate(one) ?? []);
  return {
    issuer,
    clientId,
    settings: { ...settings, ...(certificates === undefined ? {} : { certificates }) },
  };
}
