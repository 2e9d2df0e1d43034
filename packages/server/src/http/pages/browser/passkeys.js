// Makes passkeys and signs in with them, by the JSON that browsers and the router share (WebAuthn Level 3 §5.1). Knows no page.

import { ask, makeProblem } from "./ask.js";
import { describeBrowser } from "./describe-browser.js";

/** Undefined where passkeys work; otherwise the reason why not. */
export function findPasskeyObstacle() {
  if (!globalThis.isSecureContext) return "Passkeys need an address that begins with https.";
  if (typeof globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON !== "function") {
    return "This browser is too old for passkeys. Update it, or use another way.";
  }
  return undefined;
}

/** For whoever is signed in. Gives a problem, or nothing when the account has the passkey. */
export async function addPasskey(name = describeBrowser(navigator.userAgent)) {
  const obstacle = findPasskeyObstacle();
  if (obstacle !== undefined) return makeProblem(obstacle);
  const options = await ask("/api/auth/passkey/generate-register-options");
  if (options.problem !== undefined) return options.problem;
  let made;
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.body);
    made = await navigator.credentials.create({ publicKey });
  } catch (error) {
    return explain(error, options.body.rp.id);
  }
  return (await ask("/api/auth/passkey/verify-registration", { response: made.toJSON(), name })).problem;
}

/** `mediation` "conditional": the browser offers passkeys where people type, until `signal` aborts; then there is no answer. */
export async function signInWithPasskey({ mediation = "optional", signal } = {}) {
  const obstacle = findPasskeyObstacle();
  if (obstacle !== undefined) return { problem: makeProblem(obstacle) };
  const options = await ask("/api/auth/passkey/generate-authenticate-options");
  if (options.problem !== undefined) return options;
  let given;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.body);
    given = await navigator.credentials.get({ publicKey, mediation, signal });
  } catch (error) {
    return signal?.aborted === true ? {} : { problem: explain(error, options.body.rpId) };
  }
  return ask("/api/auth/passkey/verify-authentication", { response: given.toJSON() });
}

export async function canOfferWhileTyping() {
  if (findPasskeyObstacle() !== undefined) return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true;
}

function explain(error, host) {
  switch (error.name) {
    case "NotAllowedError":
      return makeProblem("No passkey was used: it was cancelled, or it took too long.");
    case "InvalidStateError":
      return makeProblem("This device has a passkey of this account already.");
    case "SecurityError":
      return makeProblem(`Passkeys of this router belong to ${host}. Open it by that name.`);
    default:
      return makeProblem(`The browser could not use a passkey: ${error.message}`);
  }
}
