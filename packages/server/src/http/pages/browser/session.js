// Who is signed in, for pages that need somebody to be.

import { ask } from "./ask.js";
import { signInFor } from "./own-path.js";

/** The person; undefined: nobody, or the router does not answer (`problem`). */
export async function readPerson() {
  const { body, problem } = await ask("/api/auth/account");
  return problem === undefined ? { person: body } : problem.status === 401 ? {} : { problem };
}

/** Sends the browser to the sign-in page, and back here afterwards. */
export function goToSignIn() {
  location.replace(signInFor(location.pathname + location.search));
}

// What a browser kept of a page may be of somebody who has signed out.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
