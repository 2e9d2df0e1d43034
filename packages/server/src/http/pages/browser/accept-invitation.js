// The page of an invitation's link.

import { ask } from "./ask.js";
import { finishWithPasskey, offerWays, readWay } from "./choose-way.js";
import { describeMoment } from "./describe-moment.js";
import { handleForm, tell } from "./form.js";

const find = (id) => document.querySelector(`#${id}`);
const form = find("accept");
const token = location.hash.slice(1);
const roles = { owner: "an owner", admin: "an administrator", member: "a member" };

handleForm(form, find("notice"), async (values) => {
  const { isPasskey, fields } = readWay(values);
  const made = await ask("/api/auth/accept-invitation", { ...fields, token });
  if (made.problem !== undefined) return made.problem;
  history.replaceState(null, "", location.pathname);
  if (isPasskey) await finishWithPasskey(form);
  else location.replace("/account");
  return undefined;
});

const { body, problem } = await ask("/api/auth/read-invitation", { token });
if (problem !== undefined) {
  tell(find("notice"), token === "" ? "The address is not complete: copy the whole link." : problem.detail);
  find("gone").hidden = false;
} else {
  find("email").value = body.email;
  find("about").textContent =
    `Make your account to come in as ${roles[body.orgRole]}. The invitation is good until ${describeMoment(body.expiresAt)}.`;
  await offerWays();
  form.hidden = false;
  find("name").focus();
}
