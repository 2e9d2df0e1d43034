// The passkeys of the account page: list, add, rename, delete.

import { ask } from "./ask.js";
import { describeBrowser } from "./describe-browser.js";
import { describeMoment } from "./describe-moment.js";
import { askPerson } from "./dialog.js";
import { handleButton, tell } from "./form.js";
import { drawList } from "./list.js";
import { signInFor } from "./own-path.js";
import { addPasskey, findPasskeyObstacle } from "./passkeys.js";

const find = (id) => document.querySelector(`#${id}`);
const notice = find("passkeys-notice");
let count = 0;
let hasOtherWay = true;

async function rename({ id, name }) {
  const given = await askPerson({ title: "Rename the passkey", yes: "Save", value: name ?? "" });
  if (given !== undefined) await change(ask("/api/auth/passkey/update-passkey", { id, name: given }));
}

async function remove({ id, name }) {
  const given = await askPerson({
    title: `Delete "${name || "Passkey"}"?`,
    text:
      count === 1 && !hasOtherWay
        ? "It is your only way in: without it you cannot come back. Add another one first."
        : "It does not open your account any more. Delete it on your device as well.",
    yes: "Delete",
    isDanger: true,
  });
  if (given !== undefined) await change(ask("/api/auth/passkey/delete-passkey", { id }));
}

async function change(asked) {
  const { problem } = await asked;
  tell(notice, problem?.detail ?? "");
  await showPasskeys();
}

async function add() {
  const title = "Add a passkey";
  const text = "Choose a name to know it by. Then your browser asks for your fingerprint, face or PIN.";
  const name = await askPerson({ title, text, yes: "Go on", value: describeBrowser(navigator.userAgent) });
  if (name === undefined) return undefined;
  const problem = await addPasskey(name);
  if (problem?.status === 403) {
    offerNewSession(problem.detail);
    return undefined;
  }
  if (problem === undefined) await showPasskeys();
  return problem;
}

/** What is dangerous to add wants somebody who proved lately who they are. */
function offerNewSession(detail) {
  const link = document.createElement("a");
  link.href = signInFor("/account");
  link.textContent = "Sign in again";
  tell(notice, `${detail} `);
  notice.append(link);
}

/** How many there are. */
export async function showPasskeysOf({ hasPassword, hasProvider }) {
  hasOtherWay = hasPassword || hasProvider;
  await showPasskeys();
  return count;
}

async function showPasskeys() {
  const { body = [], problem } = await ask("/api/auth/passkey/list-user-passkeys");
  if (problem !== undefined) tell(notice, problem.detail);
  const items = body.map((one) => ({
    title: one.name || "Passkey",
    notes: [`Added ${describeMoment(one.createdAt)}${one.backedUp ? ", kept in your cloud account" : ""}`],
    actions: [
      { text: "Rename", label: `Rename ${one.name || "the passkey"}`, run: () => void rename(one) },
      { text: "Delete", label: `Delete ${one.name || "the passkey"}`, isDanger: true, run: () => void remove(one) },
    ],
  }));
  drawList(find("passkeys"), items, "You have none yet.");
  count = body.length;
}

const obstacle = findPasskeyObstacle();
if (obstacle === undefined) handleButton(find("add-passkey"), notice, add);
else {
  find("add-passkey").hidden = true;
  tell(notice, obstacle, "care");
}
