// The page that makes the owner.

import { ask } from "./ask.js";
import { finishWithPasskey, offerWays, readWay } from "./choose-way.js";
import { handleButton, handleForm, tell } from "./form.js";

const find = (id) => document.querySelector(`#${id}`);
const form = find("setup");
let owner;

handleForm(form, find("notice"), async (values) => {
  const { isPasskey, fields } = readWay(values);
  const made = await ask("/api/setup", fields);
  if (made.problem !== undefined) return made.problem;
  owner = made.body;
  history.replaceState(null, "", location.pathname);
  if (isPasskey) await finishWithPasskey(form);
  else location.replace("/account");
  return undefined;
});

handleButton(find("use-password"), find("passkey-notice"), async () => {
  const link = await ask(`/api/users/${owner.id}/reset-password`, {});
  if (link.problem !== undefined) return link.problem;
  location.replace(new URL(link.body.url).pathname + new URL(link.body.url).hash);
  return undefined;
});

const { body, problem } = await ask("/api/setup");
if (problem !== undefined) tell(find("notice"), problem.detail);
else if (!body.needed) find("done").hidden = false;
else {
  // The fragment stays until the account is made: whoever loads the page again still has the token.
  find("token").value = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  await offerWays();
  form.hidden = false;
  find(find("token").value === "" ? "token" : "name").focus();
}
