// What a person reads who opened an address that could not be answered. Pure.

import type { ErrorBody } from "@auxot/wire/errors";
import type { Message } from "./message-page.ts";

const ssoPath = /^\/api\/auth\/sso\/[^/]+\/(?:start|callback)$/;
/** Answers for programs, also where somebody looks at them with a browser. */
const programPaths = /^\/(?:api|scim|v1|metrics|openapi\.json)(?:\/|$)/;

/** Undefined: the address is one for programs. */
export function explainToPerson(pathname: string, error: ErrorBody, requestId: string): Message | undefined {
  const isSso = ssoPath.test(pathname);
  if (!isSso && programPaths.test(pathname)) return undefined;
  const reference = `If you ask somebody for help, tell them this number: ${requestId}.`;
  if (isSso) {
    return {
      title: "You are not signed in",
      paragraphs: [error.message, reference],
      links: [{ to: "/sign-in", text: "Back to sign-in" }],
    };
  }
  if (error.code === "not_found") {
    return {
      title: "There is no such page",
      paragraphs: [`Auxot has nothing at ${pathname}. Is the address complete?`],
      links: [{ to: "/", text: "To the first page" }],
    };
  }
  return {
    title: "This did not work",
    paragraphs: [error.message, reference],
    links: [{ to: "/", text: "To the first page" }],
  };
}
