// The authenticator app of the account page: pair it, switch it off, new backup codes.

import { ask } from "./ask.js";
import { clearErrors, handleForm, show, tell } from "./form.js";
import { drawQr } from "./qr.js";

const find = (id) => document.querySelector(`#${id}`);
const notice = find("authenticator-notice");
const form = find("authenticator-form");
const pairing = find("pairing");
/** What the button pressed last stands for. */
let chosen = "enable";
let backupCodes = [];

export function showAuthenticator({ hasAuthenticator, hasPassword, email }) {
  // For password managers, which keep passwords by it.
  find("authenticator-username").value = email;
  // Its codes stand beside a password; other ways in do not ask for them.
  find("authenticator").hidden = !hasPassword && !hasAuthenticator;
  find("authenticator-password-field").hidden = !hasPassword;
  handleForm(form, notice, ({ password }) => act(hasPassword ? { password } : {}));
  showState(hasAuthenticator);
}

function showState(isOn) {
  for (const part of [pairing, find("backup")]) part.hidden = true;
  find("authenticator-state").textContent = isOn ? "It is on." : "It is off.";
  const buttons = isOn
    ? [makeButton("codes", "New backup codes"), makeButton("disable", "Switch it off", "danger")]
    : [makeButton("enable", "Set it up")];
  find("authenticator-actions").replaceChildren(...buttons);
  form.hidden = false;
}

function makeButton(action, text, className = "") {
  const button = document.createElement("button");
  button.textContent = text;
  button.className = className;
  button.addEventListener("click", () => (chosen = action));
  return button;
}

const acts = {
  async enable(sent) {
    const { body, problem } = await ask("/api/auth/two-factor/enable", sent);
    if (problem !== undefined) return problem;
    backupCodes = body.backupCodes;
    find("qr").replaceChildren(drawQr(body.totpURI, "QR code for your authenticator app; the key below says the same"));
    const secret = new URL(body.totpURI).searchParams.get("secret") ?? "";
    find("secret").textContent = secret.replaceAll(/(.{4})(?=.)/g, "$1 ");
    form.hidden = true;
    show(pairing);
    return undefined;
  },
  async disable(sent) {
    const { problem } = await ask("/api/auth/two-factor/disable", sent);
    if (problem !== undefined) return problem;
    showState(false);
    tell(notice, "The app is not asked any more. Remove Auxot from it.", "good");
    return undefined;
  },
  async codes(sent) {
    const { body, problem } = await ask("/api/auth/two-factor/generate-backup-codes", sent);
    if (problem !== undefined) return problem;
    showBackupCodes(body.backupCodes);
    return undefined;
  },
};

async function act(sent) {
  const problem = await acts[chosen](sent);
  if (problem === undefined) form.reset();
  return problem;
}

function showBackupCodes(codes) {
  find("backup-codes").replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement("li");
      item.textContent = code;
      return item;
    }),
  );
  backupCodes = codes;
  form.hidden = true;
  pairing.hidden = true;
  show(find("backup"));
}

handleForm(pairing, notice, async ({ code }) => {
  const { problem } = await ask("/api/auth/two-factor/verify-totp", { code: code.replaceAll(/\s/g, "") });
  if (problem !== undefined) return problem;
  pairing.reset();
  showState(true);
  showBackupCodes(backupCodes);
  return undefined;
});

find("pairing-cancel").addEventListener("click", () => {
  pairing.reset();
  clearErrors(pairing, notice);
  showState(false);
});

find("copy-codes").addEventListener("click", async () => {
  await navigator.clipboard.writeText(backupCodes.join("\n"));
  find("copy-codes").textContent = "Copied";
});

find("backup-done").addEventListener("click", () => {
  find("backup-codes").replaceChildren();
  find("copy-codes").textContent = "Copy";
  backupCodes = [];
  showState(true);
});
