// Owns the choice of a new account's first way in: a password or a passkey. For set-up and invitations.

import { ask } from "./ask.js";
import { addPasskey, findPasskeyObstacle } from "./passkeys.js";
import { handleButton, show, tell } from "./form.js";

const find = (id) => document.querySelector(`#${id}`);

/** Shows what can be chosen here. `makeFields` then gives the fields of the chosen way. */
export async function offerWays() {
  const { body } = await ask("/api/auth/methods");
  const obstacle = findPasskeyObstacle();
  const passwordField = find("password-field");
  const update = () => (passwordField.hidden = !find("way-password").checked);
  for (const radio of document.querySelectorAll("input[name=way]")) radio.addEventListener("change", update);
  if (obstacle !== undefined) {
    find("passkey-note").textContent = obstacle;
    find("way-passkey").disabled = true;
  }
  if (body?.password === false) {
    find("way-passkey").checked = true;
    find("way-password").closest(".choice").hidden = true;
    find("use-password")?.remove();
  }
  find("choose").hidden = false;
  update();
}

/** What of the form goes to the router: no password where a passkey was chosen. */
export function readWay({ way, password, ...fields }) {
  return way === "passkey" ? { isPasskey: true, fields } : { isPasskey: false, fields: { ...fields, password } };
}

/** The account is made: adds its passkey, again and again until there is one, then goes on. */
export async function finishWithPasskey(form) {
  handleButton(find("add-passkey"), find("passkey-notice"), addAndGoOn);
  const problem = await addAndGoOn();
  if (problem === undefined) return;
  form.hidden = true;
  tell(find("passkey-notice"), problem.detail);
  show(find("passkey"));
}

async function addAndGoOn() {
  const problem = await addPasskey();
  if (problem === undefined) location.replace("/account");
  return problem;
}
