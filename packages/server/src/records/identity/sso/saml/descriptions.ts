// Owns what is known of SAML providers: from their settings, or asked of them when it is needed and remembered a while.

import { AppError } from "@auxot/wire/errors";
import { createBoundedMap } from "../../../../platform/bounded-map.ts";
import type { Clock } from "../../../../platform/clock.ts";
import type { AskForText } from "../ask-provider.ts";
import type { SamlProvider } from "../settings.ts";
import { readMetadata, type IdpDescription } from "./metadata.ts";

export type Asked = Pick<SamlProvider, "name" | "issuer" | "settings">;

export type Descriptions = {
  /**
   * Throws `source_failed` when its metadata cannot be had or used. `fresh`: what is remembered does not count, unless it is
   * less than half a minute old.
   */
  read(provider: Asked, fresh?: boolean): Promise<IdpDescription>;
};

const rememberMs = 60 * 60 * 1000;
const freshEveryMs = 30_000;

export function createDescriptions({ ask, clock }: { readonly ask: AskForText; readonly clock: Clock }): Descriptions {
  const known = createBoundedMap<{ readonly description: IdpDescription; readonly at: number }>({
    maxEntries: 100,
    keepMs: rememberMs,
  });

  return {
    async read({ name, issuer, settings }, fresh = false) {
      const { metadataUrl, entryPoint, certificates, allowPrivate } = settings;
      if (metadataUrl === undefined) {
        if (issuer === null || entryPoint === undefined || certificates === undefined) {
          throw new Error(`The identity provider "${name}" lacks its entity ID, address or certificates.`);
        }
        return { entityId: issuer, entryPoint, certificates };
      }
      const key = `${metadataUrl} ${issuer ?? ""} ${allowPrivate}`;
      const remembered = known.get(key, clock.now());
      const isNewEnough = !fresh || clock.now() - (remembered?.at ?? 0) < freshEveryMs;
      if (remembered !== undefined && isNewEnough) return remembered.description;
      const { status, text } = await ask(metadataUrl, { allowPrivate });
      const read = status === 200 ? await readMetadata(text, issuer) : { problem: `it has status ${status}` };
      if ("problem" in read) throw refuse(metadataUrl, read.problem);
      if (read.entryPoint.startsWith("http:") && !allowPrivate) {
        throw refuse(metadataUrl, "it sends people to plain HTTP; say so with allowPrivate when that is right");
      }
      known.set(key, { description: read, at: clock.now() }, clock.now());
      return read;
    },
  };
}

function refuse(address: string, problem: string): AppError {
  return new AppError("source_failed", `The metadata at ${address} cannot be used: ${problem}.`);
}
